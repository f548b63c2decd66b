//! The words of an instruction line: `key=value` and bare words, `"…"` keeps blanks together. It must not know what
//! the words mean.

/// The words of one line, in order.
#[derive(Debug)]
pub struct Words(Vec<(String, Option<String>)>);

impl Words {
    /// Splits a line; what follows `#` is a comment.
    pub fn split(line: &str) -> Result<Self, String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        for character in line.chars() {
            match character {
                '"' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                '#' if !quoted => break,
                blank if blank.is_whitespace() && !quoted => words.extend(word.take()),
                other => word.get_or_insert_default().push(other),
            }
        }
        words.extend(word);
        if quoted {
            return Err(format!("a quotation mark is missing: {line}"));
        }
        let pair = |word: String| match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let words: Vec<_> = words.into_iter().map(pair).collect();
        for (index, (key, _)) in words.iter().enumerate() {
            if words[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(format!("{key} is given twice"));
            }
        }
        Ok(Self(words))
    }

    /// The key of the first word.
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|(key, _)| key.as_str())
    }

    /// The second word, if it is bare.
    pub fn second(&self) -> Option<&str> {
        self.0.get(1).filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str())
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(each, _)| each == key).and_then(|(_, value)| value.as_deref())
    }

    /// The value of a key that must be there.
    pub fn value(&self, key: &str) -> Result<&str, String> {
        self.get(key).ok_or_else(|| format!("{key}=… is missing"))
    }

    /// The one word of the line.
    pub fn single(&self) -> Result<(&str, Option<&str>), String> {
        match self.0.as_slice() {
            [(key, value)] => Ok((key, value.as_deref())),
            _ => Err("one word only".to_owned()),
        }
    }

    /// Refuses bare words and keys that are not `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), String> {
        self.bare_only(0)?;
        self.only_keys(known)
    }

    /// Refuses bare words after the first `count` words.
    pub fn bare_only(&self, count: usize) -> Result<(), String> {
        match self.0.iter().skip(count).find(|(_, value)| value.is_none()) {
            Some((word, _)) => Err(format!("{word} has no value")),
            None => Ok(()),
        }
    }

    /// Refuses keys with a value that are not `known`.
    pub fn only_keys(&self, known: &[&str]) -> Result<(), String> {
        let unknown = |(key, value): &&(String, Option<String>)| value.is_some() && !known.contains(&key.as_str());
        match self.0.iter().find(unknown) {
            Some((key, _)) => Err(format!("{key}=… is not known here")),
            None => Ok(()),
        }
    }
}

/// A number, decimal or with 0x; one that does not fit T is refused.
pub fn number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let parsed = parsed.map_err(|error| format!("{text}: {error}"))?;
    T::try_from(parsed).map_err(|_| format!("{text} is too large"))
}
