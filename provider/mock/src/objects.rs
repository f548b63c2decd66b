//! Objects as maps of attributes, and the search over them. It must not know what keys are used for.

use std::collections::BTreeMap;

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_FALSE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_TRUE, CK_ULONG, CKA_CLASS,
    CKA_COPYABLE, CKA_DESTROYABLE, CKA_EXTRACTABLE, CKA_ID, CKA_MODIFIABLE, CKA_PRIVATE, CKA_SENSITIVE, CKA_TOKEN,
    CKA_UNIQUE_ID, CKA_VALUE, CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKR_ACTION_PROHIBITED, CKR_ATTRIBUTE_READ_ONLY,
    CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_ACTIVE,
    CKR_OPERATION_NOT_INITIALIZED, CKR_SESSION_READ_ONLY, CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT,
    CKR_USER_NOT_LOGGED_IN,
};

use crate::arguments::{Answer, Answers, Limited, Place, Template};
use crate::sessions::Role;
use crate::slots::Token;
use crate::state::{self, State};
use crate::toy::Mixer;

/// One object.
#[derive(Clone, Debug)]
pub struct Object {
    pub attributes: BTreeMap<CK_ATTRIBUTE_TYPE, Vec<u8>>,
    /// The session that a session object belongs to; None for a token object.
    pub session: Option<CK_SESSION_HANDLE>,
    /// What the toy transforms use as the key; both halves of a pair have the same.
    pub secret: u64,
}

impl Object {
    /// Whether a boolean attribute is true; `absent` when it is not there.
    pub fn is(&self, attribute: CK_ATTRIBUTE_TYPE, absent: bool) -> bool {
        self.attributes.get(&attribute).map_or(absent, |value| value.first().is_some_and(|byte| *byte != CK_FALSE))
    }

    /// CKA_PRIVATE.
    pub fn is_private(&self) -> bool {
        self.is(CKA_PRIVATE, false)
    }

    fn class(&self) -> Option<CK_OBJECT_CLASS> {
        let value = self.attributes.get(&CKA_CLASS)?;
        value.as_slice().try_into().ok().map(CK_ULONG::from_ne_bytes)
    }

    fn is_secret(&self) -> bool {
        matches!(self.class(), Some(CKO_PRIVATE_KEY | CKO_SECRET_KEY))
    }

    /// The value of an attribute as the caller may see it.
    fn value(&self, attribute: CK_ATTRIBUTE_TYPE) -> Answer<Vec<u8>> {
        let hidden = self.is(CKA_SENSITIVE, false) || !self.is(CKA_EXTRACTABLE, true);
        if attribute == CKA_VALUE && self.is_secret() && hidden {
            return Err(CKR_ATTRIBUTE_SENSITIVE);
        }
        self.attributes.get(&attribute).cloned().ok_or(CKR_ATTRIBUTE_TYPE_INVALID)
    }

    fn matches(&self, template: &Template) -> bool {
        template.iter().all(|(attribute, value)| self.value(*attribute).is_ok_and(|own| own == *value))
    }
}

impl Token {
    fn sees(&self, object: &Object) -> bool {
        !object.is_private() || self.login == Some(Role::User)
    }

    /// An object that may be seen now, or CKR_OBJECT_HANDLE_INVALID.
    pub fn object(&self, handle: CK_OBJECT_HANDLE) -> Answer<&Object> {
        self.objects.get(&handle).filter(|object| self.sees(object)).ok_or(CKR_OBJECT_HANDLE_INVALID)
    }
}

/// The attributes of a template; one type twice is CKR_TEMPLATE_INCONSISTENT.
pub fn attributes(template: Template) -> Answer<BTreeMap<CK_ATTRIBUTE_TYPE, Vec<u8>>> {
    let count = template.len();
    let attributes: BTreeMap<_, _> = template.into_iter().collect();
    if attributes.len() == count { Ok(attributes) } else { Err(CKR_TEMPLATE_INCONSISTENT) }
}

/// The key that an imported object stands for: its value if it is secret, else its CKA_ID (so a public and a private
/// key created without value but with one CKA_ID belong together).
fn imported_secret(object: &Object) -> u64 {
    let source = if object.is_secret() { object.attributes.get(&CKA_VALUE) } else { None };
    let source = source.or_else(|| object.attributes.get(&CKA_ID));
    Mixer::new(0).with(source.map_or(&[][..], Vec::as_slice)).0
}

/// Stores a new object by the rules for all objects (2.40, 4.1 and 5.7). `secret`: None for an imported object.
pub fn store(
    state: &mut State,
    handle: CK_SESSION_HANDLE,
    mut attributes: BTreeMap<CK_ATTRIBUTE_TYPE, Vec<u8>>,
    secret: Option<u64>,
) -> Answer<CK_OBJECT_HANDLE> {
    state.session(handle)?;
    if !attributes.contains_key(&CKA_CLASS) {
        return Err(CKR_TEMPLATE_INCOMPLETE);
    }
    let new = state.next_object();
    let (session, token) = state.pair(handle)?;
    attributes.entry(CKA_TOKEN).or_insert_with(|| vec![CK_FALSE]);
    attributes.entry(CKA_PRIVATE).or_insert_with(|| vec![CK_FALSE]);
    attributes.insert(CKA_UNIQUE_ID, format!("mock-{new}").into_bytes());
    let mut object = Object { attributes, session: None, secret: 0 };
    if object.is(CKA_TOKEN, false) {
        if !session.writes {
            return Err(CKR_SESSION_READ_ONLY);
        }
    } else {
        object.session = Some(handle);
    }
    if object.is_private() && token.login != Some(Role::User) {
        return Err(CKR_USER_NOT_LOGGED_IN);
    }
    object.secret = secret.unwrap_or_else(|| imported_secret(&object));
    token.objects.insert(new, object);
    Ok(new)
}

/// C_CreateObject (2.40, 5.7).
pub fn create(session: CK_SESSION_HANDLE, template: Template, object: Place<CK_OBJECT_HANDLE>) -> Answer {
    let mut state = state::lock();
    state.session(session)?;
    object.set(store(&mut state, session, attributes(template)?, None)?);
    Ok(())
}

/// C_CopyObject (2.40, 5.7).
pub fn copy(
    session: CK_SESSION_HANDLE,
    source: CK_OBJECT_HANDLE,
    template: Template,
    object: Place<CK_OBJECT_HANDLE>,
) -> Answer {
    let mut state = state::lock();
    let original = state.pair(session)?.1.object(source)?.clone();
    if !original.is(CKA_COPYABLE, true) {
        return Err(CKR_ACTION_PROHIBITED);
    }
    let changes = attributes(template)?;
    if changes.contains_key(&CKA_CLASS) {
        return Err(CKR_ATTRIBUTE_READ_ONLY);
    }
    let mut all = original.attributes;
    all.extend(changes);
    object.set(store(&mut state, session, all, Some(original.secret))?);
    Ok(())
}

/// C_DestroyObject (2.40, 5.7).
pub fn destroy(session: CK_SESSION_HANDLE, handle: CK_OBJECT_HANDLE) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(session)?;
    let object = token.object(handle)?;
    if object.session.is_none() && !session.writes {
        return Err(CKR_SESSION_READ_ONLY);
    }
    if !object.is(CKA_DESTROYABLE, true) {
        return Err(CKR_ACTION_PROHIBITED);
    }
    token.objects.remove(&handle);
    Ok(())
}

/// C_GetObjectSize (2.40, 5.7).
pub fn size(session: CK_SESSION_HANDLE, handle: CK_OBJECT_HANDLE, size: Place<CK_ULONG>) -> Answer {
    let mut state = state::lock();
    let object = state.pair(session)?.1.object(handle)?;
    size.set(object.attributes.values().map(|value| value.len() as CK_ULONG).sum());
    Ok(())
}

/// C_GetAttributeValue (2.40, 5.7).
pub fn get(session: CK_SESSION_HANDLE, handle: CK_OBJECT_HANDLE, answers: Answers) -> Answer {
    let mut state = state::lock();
    let object = state.pair(session)?.1.object(handle)?;
    answers.fill(|attribute| object.value(attribute))
}

/// C_SetAttributeValue (2.40, 5.7).
pub fn set(session: CK_SESSION_HANDLE, handle: CK_OBJECT_HANDLE, template: Template) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(session)?;
    let object = token.object(handle)?;
    if object.session.is_none() && !session.writes {
        return Err(CKR_SESSION_READ_ONLY);
    }
    if !object.is(CKA_MODIFIABLE, true) {
        return Err(CKR_ACTION_PROHIBITED);
    }
    let changes = attributes(template)?;
    if [CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_UNIQUE_ID].iter().any(|fixed| changes.contains_key(fixed)) {
        return Err(CKR_ATTRIBUTE_READ_ONLY);
    }
    if let Some(object) = token.objects.get_mut(&handle) {
        object.attributes.extend(changes);
    }
    Ok(())
}

/// C_FindObjectsInit (2.40, 5.7).
pub fn find_init(session: CK_SESSION_HANDLE, template: Template) -> Answer {
    let mut state = state::lock();
    let (session, token) = state.pair(session)?;
    if session.search.is_some() {
        return Err(CKR_OPERATION_ACTIVE);
    }
    let fits = |object: &Object| token.sees(object) && object.matches(&template);
    session.search = Some(token.objects.iter().filter(|(_, object)| fits(object)).map(|(handle, _)| *handle).collect());
    Ok(())
}

/// C_FindObjects (2.40, 5.7).
pub fn find(session: CK_SESSION_HANDLE, found: Limited<CK_OBJECT_HANDLE>) -> Answer {
    let mut state = state::lock();
    let search = state.session(session)?.search.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
    let count = found.limit().min(search.len());
    found.give(&search.drain(..count).collect::<Vec<_>>());
    Ok(())
}

/// C_FindObjectsFinal (2.40, 5.7).
pub fn find_final(session: CK_SESSION_HANDLE) -> Answer {
    let mut state = state::lock();
    state.session(session)?.search.take().map(|_| ()).ok_or(CKR_OPERATION_NOT_INITIALIZED)
}

/// A boolean attribute's value.
pub fn truth(value: bool) -> Vec<u8> {
    vec![if value { CK_TRUE } else { CK_FALSE }]
}

/// A numeric attribute's value.
pub fn number(value: CK_ULONG) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}
