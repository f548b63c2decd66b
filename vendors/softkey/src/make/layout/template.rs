//! Values of the table with names in braces. What is filled in is never read again, so a holder's name with braces in it
//! stays as it is.

use serde::Deserialize;

use super::super::{Algorithm, Kind, Subject};

/// A value that rows of the table may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Name,
    Organisation,
    Uscc,
    OrganisationCode,
    Id,
    Identity,
    Area,
    Number,
    Number8,
    Further,
    Email,
    Algorithm,
}

const VALUES: [(&str, Value); 12] = [
    ("name", Value::Name),
    ("organisation", Value::Organisation),
    ("uscc", Value::Uscc),
    ("organisation-code", Value::OrganisationCode),
    ("id", Value::Id),
    ("identity", Value::Identity),
    ("area", Value::Area),
    ("number", Value::Number),
    ("number8", Value::Number8),
    ("further", Value::Further),
    ("email", Value::Email),
    ("algorithm", Value::Algorithm),
];

impl Value {
    /// As it stands between braces.
    pub fn name(self) -> &'static str {
        VALUES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

/// Where values come from.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    subject: Option<&'a Subject>,
    algorithm: Algorithm,
}

impl<'a> Values<'a> {
    /// Of a holder, or of a CA.
    pub const fn new(subject: Option<&'a Subject>, algorithm: Algorithm) -> Self {
        Self { subject, algorithm }
    }

    /// The holder's kind.
    pub fn kind(self) -> Option<Kind> {
        self.subject.map(|subject| subject.holder.kind())
    }

    fn get(self, value: Value) -> Option<String> {
        let Some(subject) = self.subject else {
            return (value == Value::Algorithm).then(|| self.algorithm.to_string());
        };
        let holder = &subject.holder;
        // who is certified: a person wherever there is one
        let identity = || match holder.id() {
            Some(id) => Some((id.as_str(), id.area())),
            None => holder.uscc().map(|uscc| (uscc.as_str(), uscc.area())),
        };
        match value {
            Value::Name => Some(holder.name().to_owned()),
            Value::Organisation => holder.organisation().map(str::to_owned),
            Value::Uscc => holder.uscc().map(ToString::to_string),
            Value::OrganisationCode => holder.uscc().map(|uscc| uscc.organisation_code().to_owned()),
            Value::Id => holder.id().map(ToString::to_string),
            Value::Identity => identity().map(|(number, _)| number.to_owned()),
            Value::Area => identity().map(|(_, area)| area.to_owned()),
            Value::Number => Some(subject.number.to_string()),
            Value::Number8 => Some(format!("{:08}", subject.number)),
            Value::Further => (subject.number > 1).then(|| subject.number.to_string()),
            Value::Email => subject.email.clone(),
            Value::Algorithm => Some(self.algorithm.to_string()),
        }
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value(Value),
}

/// A value of the table, taken apart.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or_else(|| format!("'{text}' has no closing brace"))?;
            let value = VALUES.iter().find(|value| value.0 == name);
            let (_, value) = value.ok_or_else(|| format!("'{text}' names an unknown value '{name}'"))?;
            pieces.extend([Piece::Text(before.to_owned()), Piece::Value(*value)]);
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { text, pieces })
    }
}

impl Template {
    /// As it stands in the table.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text for these values, or the first value that is not known.
    pub fn fill(&self, values: Values<'_>) -> Result<String, Value> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(value) => out.push_str(&values.get(*value).ok_or(*value)?),
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_values_and_open_braces_are_refused() {
        for wrong in ["{none}", "{}", "a{name", "{name}{", "{ name }", "{Name}"] {
            assert!(Template::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        let template = Template::try_from("<{algorithm}>{name}".to_owned()).unwrap();
        assert_eq!(template.text(), "<{algorithm}>{name}");
        assert_eq!(template.fill(Values::new(None, Algorithm::Sm2)), Err(Value::Name));
    }

    #[test]
    fn every_value_has_one_name() {
        for (name, value) in VALUES {
            assert_eq!(value.name(), name);
            assert_eq!(VALUES.iter().filter(|other| other.0 == name || other.1 == value).count(), 1);
        }
    }
}
