//! The slot ids of the list are those that the module gives to hosts, in the same order.

use std::collections::BTreeSet;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use ukeyhub_artefacts::{config, isolated, set_env, softhsm};

use crate::command::{Soft, library, ukeyhub};

#[test]
fn slot_ids_are_those_of_the_module() {
    // Built before, so that it does not count as the time of the isolated body.
    let module = ukeyhub_artefacts::module();
    ukeyhub_artefacts::command();
    isolated(|| {
        let soft = Soft::new(&["first", "second", "third"]);
        set_env("UKEYHUB_CONFIG", soft.config.path());
        set_env("SOFTHSM2_CONF", soft.store.config());

        let context = Pkcs11::new(module).unwrap();
        context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        let slots = context.get_all_slots().unwrap();
        let hosts: Vec<u64> = slots.iter().map(|slot| slot.id()).collect();
        let labels: Vec<String> =
            slots.iter().map(|slot| context.get_token_info(*slot).unwrap().label().to_owned()).collect();
        context.finalize().unwrap();

        let json = soft.run(&["list", "--json"]).json();
        let listed = json["slots"].as_array().unwrap();
        assert_eq!(listed.iter().map(|slot| slot["id"].as_u64().unwrap()).collect::<Vec<_>>(), hosts);
        assert_eq!(listed.iter().map(|slot| slot["token"]["label"].as_str().unwrap()).collect::<Vec<_>>(), labels);
        assert_eq!(hosts.len(), 4, "three tokens and SoftHSM's uninitialised one");
    });
}

#[test]
fn an_id_does_not_depend_on_what_else_is_configured() {
    let soft = Soft::new(&["one", "two"]);
    let ids = |json: &serde_json::Value| -> BTreeSet<u64> {
        let initialised = |slot: &&serde_json::Value| slot["token"]["serial"] != "";
        json["slots"].as_array().unwrap().iter().filter(initialised).map(|slot| slot["id"].as_u64().unwrap()).collect()
    };
    let alone = ids(&soft.run(&["list", "--json"]).json());
    let text = [
        library("gone", "softhsm", "/nowhere/lib.so".as_ref()),
        library("another-name", "softhsm", &softhsm::library()),
    ]
    .concat();
    let config = config(&text);
    let mut command = ukeyhub(config.path(), &["list", "--json"]);
    let output = command.env("SOFTHSM2_CONF", soft.store.config()).output().unwrap();
    let beside: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ids(&beside), alone);
    assert_eq!(alone.len(), 2);
}
