//! The personalities of this build, and the options a key lays over one. It reads no file of the machine.

use std::collections::BTreeMap;

use super::{Fault, Personality, Sheet, Variant, behaviour};

/// The personality that the others stand on.
pub const STANDARD: &str = "standard";
/// The option that names one or more variants, separated by commas.
pub const VARIANT: &str = "variant";

/// File and text, the standard one first.
pub(super) const EMBEDDED: &[(&str, &str)] = &[
    ("standard.toml", include_str!("../../personalities/standard.toml")),
    ("feitian-epass3000gm.toml", include_str!("../../personalities/feitian-epass3000gm.toml")),
    ("gx.toml", include_str!("../../personalities/gx.toml")),
    ("haitai.toml", include_str!("../../personalities/haitai.toml")),
    ("linguo-lg3073-bjca.toml", include_str!("../../personalities/linguo-lg3073-bjca.toml")),
    ("longmai-gm3000-cfca.toml", include_str!("../../personalities/longmai-gm3000-cfca.toml")),
    ("longmai-gm3000-xjca.toml", include_str!("../../personalities/longmai-gm3000-xjca.toml")),
    ("xiangsheng-kshield.toml", include_str!("../../personalities/xiangsheng-kshield.toml")),
];

/// What is wrong with an option of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionFault {
    /// No behaviour has this key.
    #[error("there is no option \"{0}\"")]
    UnknownKey(String),
    /// Neither the personality nor the standard one has this variant.
    #[error("there is no variant \"{0}\"")]
    UnknownVariant(String),
    /// The value is not of the key's kind.
    #[error("option \"{key}\": {why}")]
    Value {
        /// The key.
        key: String,
        /// Why.
        why: String,
    },
    /// The options contradict each other or the personality.
    #[error("the options contradict: {0}")]
    Contradiction(String),
}

/// All personalities, by id.
#[derive(Debug, Clone)]
pub struct Personalities {
    by_id: BTreeMap<String, Personality>,
    /// Variants of the standard personality: any key may have them.
    for_all: Vec<Variant>,
}

impl Personalities {
    /// Those of this build.
    ///
    /// # Errors
    /// The first fault of a file; a test reads them all.
    pub fn embedded() -> Result<Self, Fault> {
        let mut by_id = BTreeMap::new();
        let mut for_all = Vec::new();
        for (file, text) in EMBEDDED {
            let personality = personality(file, text, by_id.get(STANDARD))?;
            if personality.id == STANDARD {
                for_all.clone_from(&personality.variants);
            }
            by_id.insert(personality.id.clone(), personality);
        }
        Ok(Self { by_id, for_all })
    }

    /// The personality of that id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Personality> {
        self.by_id.get(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Personality> {
        self.by_id.values()
    }

    /// A personality with a key's options laid over it: first the variants that `variant` names, in their order, then
    /// each other key. A list is extended, not replaced, by a value that begins with `+`.
    ///
    /// # Errors
    /// The first option that is wrong, or what the result contradicts.
    pub fn with(
        &self,
        personality: &Personality,
        options: &BTreeMap<String, String>,
    ) -> Result<Personality, OptionFault> {
        let mut changed = personality.clone();
        let variants = options.get(VARIANT).map_or("", String::as_str);
        for name in variants.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let found = personality.variants.iter().chain(&self.for_all).find(|variant| variant.name == name);
            let variant = found.ok_or_else(|| OptionFault::UnknownVariant(name.to_owned()))?;
            set(&mut changed, &variant.set, &variant.source)?;
        }
        set(&mut changed, options, "an option of this key")?;
        match changed.contradiction() {
            Some(what) => Err(OptionFault::Contradiction(what)),
            None => Ok(changed),
        }
    }
}

fn set(personality: &mut Personality, options: &BTreeMap<String, String>, source: &str) -> Result<(), OptionFault> {
    for (key, text) in options.iter().filter(|(key, _)| *key != VARIANT) {
        let done = personality.behaviour.set(key, text, source).ok_or_else(|| OptionFault::UnknownKey(key.clone()))?;
        done.map_err(|why| OptionFault::Value { key: key.clone(), why })?;
    }
    Ok(())
}

/// One file over the standard personality; the standard one itself has no base and must state every key.
pub(super) fn personality(file: &str, text: &str, base: Option<&Personality>) -> Result<Personality, Fault> {
    let whole = |what| Fault { file: file.to_owned(), line: 1, what };
    let Sheet { id, title, behaviour, variants, notes } = behaviour::read(file, text)?;
    if file != format!("{id}.toml") {
        return Err(whole(format!("key \"id\": \"{id}\" is not the name of the file")));
    }
    let behaviour =
        behaviour.over(base.map(|base| &base.behaviour)).map_err(|key| whole(format!("key \"{key}\" is missing")))?;
    let personality = Personality { id, title, behaviour, variants, notes };
    match personality.contradiction() {
        Some(what) => Err(whole(what)),
        None => Ok(personality),
    }
}
