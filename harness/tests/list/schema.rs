//! Compares a value with `schemas/list.v1.json`. It knows the keywords which that file uses and refuses any other, so
//! that no rule there goes unchecked. Stricter than the schema on one point: keys it does not name are faults here.

use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../schemas/list.v1.json");
const KEYWORDS: [&str; 13] = [
    "$schema",
    "$id",
    "$defs",
    "title",
    "description",
    "type",
    "required",
    "properties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
];

/// Fails unless the value is what the schema describes.
pub fn check(value: &Value) {
    let faults = faults_of(value);
    assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
}

fn faults_of(value: &Value) -> Vec<String> {
    let root: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let mut faults = Vec::new();
    compare(&root, &root, value, "", &mut faults);
    faults
}

fn compare(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let rules = schema.as_object().expect("a schema is an object");
    for keyword in rules.keys() {
        assert!(KEYWORDS.contains(&keyword.as_str()), "the keyword {keyword} is not checked by this test");
    }
    if let Some(name) = rules.get("$ref") {
        let name = name.as_str().and_then(|name| name.strip_prefix("#")).expect("a reference within the file");
        let target = root.pointer(name).unwrap_or_else(|| panic!("{name} is not in the schema"));
        compare(root, target, value, at, faults);
    }
    if let Some(choices) = rules.get("anyOf").and_then(Value::as_array) {
        let tried: Vec<Vec<String>> = choices
            .iter()
            .map(|choice| {
                let mut faults = Vec::new();
                compare(root, choice, value, at, &mut faults);
                faults
            })
            .collect();
        if tried.iter().all(|faults| !faults.is_empty()) {
            faults.push(format!("{at}: fits none of {tried:?}"));
        }
    }
    if let Some(kind) = rules.get("type")
        && !kinds(kind).any(|kind| is_of(value, kind))
    {
        faults.push(format!("{at}: not of type {kind}: {value}"));
    }
    if rules.get("const").is_some_and(|wanted| wanted != value) {
        faults.push(format!("{at}: not {}: {value}", rules["const"]));
    }
    if let Some(allowed) = rules.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        faults.push(format!("{at}: not one of {allowed:?}: {value}"));
    }
    if let Some(object) = value.as_object() {
        compare_object(root, rules, object, at, faults);
    }
    if let (Some(items), Some(elements)) = (rules.get("items"), value.as_array()) {
        for (index, element) in elements.iter().enumerate() {
            compare(root, items, element, &format!("{at}/{index}"), faults);
        }
    }
}

fn compare_object(
    root: &Value,
    rules: &Map<String, Value>,
    object: &Map<String, Value>,
    at: &str,
    faults: &mut Vec<String>,
) {
    let Some(properties) = rules.get("properties").and_then(Value::as_object) else { return };
    let required = rules.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for key in required.filter(|key| !object.contains_key(*key)) {
        faults.push(format!("{at}/{key}: missing"));
    }
    for (key, value) in object {
        match properties.get(key) {
            Some(schema) => compare(root, schema, value, &format!("{at}/{key}"), faults),
            None => faults.push(format!("{at}/{key}: not in the schema")),
        }
    }
}

fn kinds(kind: &Value) -> impl Iterator<Item = &str> {
    let several = kind.as_array().into_iter().flatten().filter_map(Value::as_str);
    kind.as_str().into_iter().chain(several)
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not checked by this test"),
    }
}

#[test]
fn the_comparison_finds_what_is_wrong() {
    let good: Value = serde_json::json!({
        "format": "ukeyhub.list", "version": 1, "ukeyhub": "0", "configuration": null, "log_file": "/x",
        "libraries": [], "slots": [], "profiles_skipped": [{"path": "/p", "reason": "r"}]
    });
    check(&good);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        faults_of(&value).len()
    };
    assert_eq!(changed(&|value| value["version"] = 2.into()), 1);
    assert_eq!(changed(&|value| value["log_file"] = 7.into()), 1);
    assert_eq!(changed(&|value| value["further"] = 7.into()), 1);
    assert_eq!(changed(&|value| _ = value.as_object_mut().unwrap().remove("slots")), 1);
    assert_eq!(changed(&|value| value["profiles_skipped"][0]["reason"] = Value::Null), 1);
    assert_eq!(changed(&|value| value["libraries"] = serde_json::json!([{"state": "gone"}])), 11);
}
