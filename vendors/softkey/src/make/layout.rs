//! The table of certificate layouts, `layouts.toml`, and what its rows become for one holder. Layouts are told apart by data
//! only: no name of a CA stands in code.

use std::sync::OnceLock;

use der::{
    Decode, Encode,
    asn1::{ObjectIdentifier, OctetString, SetOfVec},
};
use serde::Deserialize;
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::{Name, RdnSequence, RelativeDistinguishedName},
};

use super::{Algorithm, Encoding, Kind, MakeError, Subject};

mod template;

use template::{Template, Values};

/// How well a row of the table is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A standard says so.
    Standard,
    /// Seen in a certificate, or in a program that reads them.
    Seen,
    /// One weak source.
    Unverified,
    /// Nothing was found: this project chose it.
    Assumed,
}

/// A purpose of extendedKeyUsage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// 1.3.6.1.5.5.7.3.2.
    ClientAuth,
    /// 1.3.6.1.5.5.7.3.8.
    TimeStamping,
}

/// Types of attributes: name in the table, OID, string type if it has but one, most characters (RFC 5280, appendix A.1).
const ATTRIBUTES: [(&str, &str, Option<Encoding>, usize); 8] = [
    ("C", "2.5.4.6", Some(Encoding::Printable), 2),
    ("ST", "2.5.4.8", None, 128),
    ("L", "2.5.4.7", None, 128),
    ("O", "2.5.4.10", None, 64),
    ("OU", "2.5.4.11", None, 64),
    ("CN", "2.5.4.3", None, 64),
    ("serialNumber", "2.5.4.5", Some(Encoding::Printable), 64),
    ("emailAddress", "1.2.840.113549.1.9.1", Some(Encoding::Ia5), 255),
];

/// One attribute of a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    value: Template,
    #[serde(default = "all_kinds", rename = "for")]
    kinds: Vec<Kind>,
    #[serde(default)]
    optional: bool,
    mark: Option<Mark>,
    source: Option<String>,
}

impl Attribute {
    /// Its type as users know it: C, ST, L, O, OU, CN, serialNumber or emailAddress.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its value with the names of values in braces.
    pub fn value(&self) -> &str {
        self.value.text()
    }

    /// Whether holders of this kind have it.
    pub fn is_for(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// One extension that carries a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Extension {
    oid: String,
    value: Template,
    #[serde(rename = "as")]
    encoding: Encoding,
    #[serde(default = "all_kinds", rename = "for")]
    kinds: Vec<Kind>,
    #[serde(default)]
    optional: bool,
    mark: Option<Mark>,
    source: Option<String>,
}

impl Extension {
    /// Its OID in dots.
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// Its value with the names of values in braces.
    pub fn value(&self) -> &str {
        self.value.text()
    }

    /// How the value is written.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether holders of this kind have it.
    pub fn is_for(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// How one CA writes its certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Layout {
    name: String,
    title: String,
    algorithms: Vec<Algorithm>,
    #[serde(default = "utf8")]
    subject_text: Encoding,
    mark: Mark,
    source: String,
    issuer: Vec<Attribute>,
    subject: Vec<Attribute>,
    #[serde(default)]
    extensions: Vec<Extension>,
    #[serde(default)]
    extended_key_usage: Vec<Purpose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    layout: Vec<Layout>,
}

fn all_kinds() -> Vec<Kind> {
    Kind::ALL.to_vec()
}

const fn utf8() -> Encoding {
    Encoding::Utf8
}

/// All layouts, in the order of the table.
pub fn layouts() -> Result<&'static [Layout], MakeError> {
    static LAYOUTS: OnceLock<Result<Vec<Layout>, String>> = OnceLock::new();
    let table = LAYOUTS.get_or_init(|| {
        let table: Table = toml::from_str(include_str!("layouts.toml")).map_err(|error| error.to_string())?;
        Ok(table.layout)
    });
    table.as_deref().map_err(|error| MakeError::Table(error.clone()))
}

/// The layout with this name.
pub fn layout(name: &str) -> Result<&'static Layout, MakeError> {
    layouts()?.iter().find(|layout| layout.name == name).ok_or_else(|| MakeError::UnknownLayout(name.to_owned()))
}

impl Layout {
    /// Its name, such as `bjca-sm2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it imitates.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Algorithms of keys that it certifies; the first one is the usual one.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// How well the layout as a whole is known, and from where.
    pub fn source(&self) -> (Mark, &str) {
        (self.mark, &self.source)
    }

    /// The attributes of the issuer's name, each with its mark and source.
    pub fn issuer_rows(&self) -> impl Iterator<Item = (&Attribute, Mark, &str)> {
        self.issuer
            .iter()
            .map(|row| (row, row.mark.unwrap_or(self.mark), row.source.as_deref().unwrap_or(&self.source)))
    }

    /// The attributes of the holder's name, each with its mark and source.
    pub fn subject_rows(&self) -> impl Iterator<Item = (&Attribute, Mark, &str)> {
        self.subject
            .iter()
            .map(|row| (row, row.mark.unwrap_or(self.mark), row.source.as_deref().unwrap_or(&self.source)))
    }

    /// The extensions, each with its mark and source.
    pub fn extension_rows(&self) -> impl Iterator<Item = (&Extension, Mark, &str)> {
        let rows = self.extensions.iter();
        rows.map(|row| (row, row.mark.unwrap_or(self.mark), row.source.as_deref().unwrap_or(&self.source)))
    }

    /// The purposes in extendedKeyUsage; none: there is no such extension.
    pub fn purposes(&self) -> &[Purpose] {
        &self.extended_key_usage
    }

    pub(super) fn accepts(&self, algorithm: Algorithm) -> Result<(), MakeError> {
        if self.algorithms.contains(&algorithm) {
            return Ok(());
        }
        Err(MakeError::LayoutAlgorithm { layout: self.name.clone(), algorithm })
    }

    /// The name of the CA.
    pub(super) fn issuer_name(&self, algorithm: Algorithm) -> Result<Name, MakeError> {
        self.build(&self.issuer, Encoding::Utf8, Values::new(None, algorithm))
    }

    /// The name of a holder.
    pub(super) fn subject_name(&self, subject: &Subject, algorithm: Algorithm) -> Result<Name, MakeError> {
        self.build(&self.subject, self.subject_text, Values::new(Some(subject), algorithm))
    }

    /// The extensions of a holder's certificate, except the usual ones of every certificate.
    pub(super) fn extensions(
        &self,
        subject: &Subject,
        algorithm: Algorithm,
    ) -> Result<Vec<x509_cert::ext::Extension>, MakeError> {
        let values = Values::new(Some(subject), algorithm);
        let mut out = Vec::new();
        for row in self.extensions.iter().filter(|row| row.is_for(subject.holder.kind())) {
            let field = || format!("extension {}", row.oid);
            let Some(text) = self.fill(&row.value, row.optional, values, field)? else { continue };
            let content = row.encoding.content(&text).map_err(|reason| self.refused(field(), reason))?;
            out.push(x509_cert::ext::Extension {
                extn_id: self.oid(&row.oid)?,
                critical: false,
                extn_value: OctetString::new(content)?,
            });
        }
        Ok(out)
    }

    fn build(&self, rows: &[Attribute], text: Encoding, values: Values<'_>) -> Result<Name, MakeError> {
        let mut name = RdnSequence::default();
        for row in rows.iter().filter(|row| values.kind().is_none_or(|kind| row.is_for(kind))) {
            let field = || row.kind.clone();
            let Some(value) = self.fill(&row.value, row.optional, values, field)? else { continue };
            let kind = ATTRIBUTES.iter().find(|kind| kind.0 == row.kind);
            let (_, oid, fixed, bound) =
                kind.ok_or_else(|| MakeError::Table(format!("{}: no attribute '{}'", self.name, row.kind)))?;
            self.bound(&value, *bound, field)?;
            let value = fixed.unwrap_or(text).value(&value).map_err(|reason| self.refused(field(), reason))?;
            let attribute = AttributeTypeAndValue { oid: self.oid(oid)?, value };
            name.push(RelativeDistinguishedName::from(SetOfVec::try_from(vec![attribute])?));
        }
        // the one way to a Name from parts without the hazmat feature of x509-cert
        Ok(Name::from_der(&name.to_der()?)?)
    }

    fn fill(
        &self,
        template: &Template,
        optional: bool,
        values: Values<'_>,
        field: impl Fn() -> String,
    ) -> Result<Option<String>, MakeError> {
        match (template.fill(values), values.kind()) {
            (Ok(text), _) => Ok(Some(text)),
            (Err(_), _) if optional => Ok(None),
            (Err(value), Some(kind)) => {
                Err(MakeError::Missing { layout: self.name.clone(), field: field(), value: value.name(), kind })
            }
            (Err(value), None) => {
                Err(MakeError::Table(format!("{}: an issuer has no {{{}}}", self.name, value.name())))
            }
        }
    }

    fn bound(&self, text: &str, bound: usize, field: impl Fn() -> String) -> Result<(), MakeError> {
        match text.chars().count() {
            found if found > bound => {
                Err(self.refused(field(), format!("it would have {found} characters, the bound is {bound}")))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, field: String, reason: String) -> MakeError {
        MakeError::Field { layout: self.name.clone(), field, reason }
    }

    fn oid(&self, text: &str) -> Result<ObjectIdentifier, MakeError> {
        ObjectIdentifier::new(text).map_err(|error| MakeError::Table(format!("{}: OID {text}: {error}", self.name)))
    }
}
