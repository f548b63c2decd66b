//! Random operations on a key beside a plain model in memory: same answers, same contents, after every step. What an
//! operation does not name does not change, and no retry count is lost.

use proptest::prelude::*;
use skf_sys::codes;

use super::*;

const APPS: [&[u8]; 2] = [b"first", &[0xB2, 0xE2]];
const NAMES: [&[u8]; 3] = [b"a", b"b", b"c"];
const PINS: [&[u8]; 3] = [b"pin-0-pin", b"pin-1-pin", b"pin-2-pin"];
const MAX_TRIES: u32 = 3;
const FILE_SIZE: u32 = 12;
const ROLES: [Role; 2] = [Role::Admin, Role::User];
const USAGES: [Usage; 2] = [Usage::Signing, Usage::Encryption];

#[derive(Clone, Copy, Debug)]
enum Step {
    CreateApp { app: usize, pins: [usize; 2] },
    DeleteApp { app: usize },
    CreateFile { app: usize, name: usize },
    DeleteFile { app: usize, name: usize },
    WriteFile { app: usize, name: usize, offset: u32, len: usize, fill: u8 },
    CreateContainer { app: usize, name: usize },
    DeleteContainer { app: usize, name: usize },
    PutPair { app: usize, name: usize, usage: usize, kind: Kind, fill: u8 },
    SetCertificate { app: usize, name: usize, usage: usize, fill: u8 },
    Verify { app: usize, role: usize, pin: usize },
    ChangePin { app: usize, role: usize, old: usize, new: usize },
    Unblock { app: usize, admin: usize, new: usize },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (app, name, usage, role, pin) = (0..2_usize, 0..3_usize, 0..2_usize, 0..2_usize, 0..3_usize);
    let kind = prop_oneof![3 => Just(Kind::Ecc), 1 => Just(Kind::Rsa)];
    prop_oneof![
        3 => (app.clone(), [0..2_usize, 0..2_usize]).prop_map(|(app, pins)| Step::CreateApp { app, pins }),
        1 => app.clone().prop_map(|app| Step::DeleteApp { app }),
        2 => (app.clone(), name.clone()).prop_map(|(app, name)| Step::CreateFile { app, name }),
        1 => (app.clone(), name.clone()).prop_map(|(app, name)| Step::DeleteFile { app, name }),
        3 => (app.clone(), name.clone(), 0..FILE_SIZE + 2, 0..8_usize, any::<u8>())
            .prop_map(|(app, name, offset, len, fill)| Step::WriteFile { app, name, offset, len, fill }),
        4 => (app.clone(), name.clone()).prop_map(|(app, name)| Step::CreateContainer { app, name }),
        1 => (app.clone(), name.clone()).prop_map(|(app, name)| Step::DeleteContainer { app, name }),
        6 => (app.clone(), name.clone(), usage.clone(), kind, any::<u8>())
            .prop_map(|(app, name, usage, kind, fill)| Step::PutPair { app, name, usage, kind, fill }),
        3 => (app.clone(), name, usage, any::<u8>())
            .prop_map(|(app, name, usage, fill)| Step::SetCertificate { app, name, usage, fill }),
        8 => (app.clone(), role.clone(), pin.clone()).prop_map(|(app, role, pin)| Step::Verify { app, role, pin }),
        3 => (app.clone(), role, pin.clone(), pin.clone())
            .prop_map(|(app, role, old, new)| Step::ChangePin { app, role, old, new }),
        2 => (app, pin.clone(), pin).prop_map(|(app, admin, new)| Step::Unblock { app, admin, new }),
        1 => Just(Step::Reopen),
    ]
}

/// The plain model.
#[derive(Default)]
struct Plain {
    apps: Vec<PlainApp>,
    /// Applications made so far: each gets a number of its own.
    made: usize,
}

struct PlainApp {
    number: usize,
    name: usize,
    pins: [PlainPin; 2],
    files: Vec<(usize, [u8; FILE_SIZE as usize])>,
    containers: Vec<PlainContainer>,
}

struct PlainPin {
    pin: usize,
    left: u32,
    is_default: bool,
}

#[derive(Default)]
struct PlainContainer {
    name: usize,
    kind: Option<Kind>,
    pairs: [Option<u8>; 2],
    certificates: [Option<u8>; 2],
}

fn public(fill: u8) -> Vec<u8> {
    vec![fill; 5]
}

fn private_of(fill: u8) -> Vec<u8> {
    vec![!fill; usize::from(fill)]
}

impl Plain {
    fn app(&mut self, name: usize) -> Result<&mut PlainApp, u32> {
        self.apps.iter_mut().find(|app| app.name == name).ok_or(codes::SAR_APPLICATION_NOT_EXISTS)
    }

    fn container(&mut self, app: usize, name: usize) -> Result<&mut PlainContainer, u32> {
        let found = self.app(app)?.containers.iter_mut().find(|container| container.name == name);
        found.ok_or(codes::SAR_KEYNOTFOUNTERR)
    }

    fn try_pin(&mut self, app: usize, role: usize, pin: usize) -> Result<&mut PlainApp, u32> {
        let app = self.app(app)?;
        let record = &mut app.pins[role];
        if record.left == 0 {
            return Err(codes::SAR_PIN_LOCKED);
        }
        if record.pin != pin {
            record.left -= 1;
            return Err(codes::SAR_PIN_INCORRECT);
        }
        record.left = MAX_TRIES;
        Ok(app)
    }

    /// The answer to a step. `logged_in` is the number of the application whose secrets are at hand.
    fn take(&mut self, step: Step, logged_in: &mut Option<usize>) -> Result<(), u32> {
        match step {
            Step::CreateApp { app, pins } => {
                if self.app(app).is_ok() {
                    return Err(codes::SAR_APPLICATION_EXISTS);
                }
                let pins = pins.map(|pin| PlainPin { pin, left: MAX_TRIES, is_default: true });
                let number = self.made;
                self.made += 1;
                self.apps.push(PlainApp { number, name: app, pins, files: Vec::new(), containers: Vec::new() });
            }
            Step::DeleteApp { app } => {
                self.app(app)?;
                self.apps.retain(|one| one.name != app);
            }
            Step::CreateFile { app, name } => {
                let app = self.app(app)?;
                if app.files.iter().any(|file| file.0 == name) {
                    return Err(codes::SAR_FILE_ALREADY_EXIST);
                }
                app.files.push((name, [0; FILE_SIZE as usize]));
            }
            Step::DeleteFile { app, name } => {
                let app = self.app(app)?;
                let at = app.files.iter().position(|file| file.0 == name).ok_or(codes::SAR_FILE_NOT_EXIST)?;
                app.files.remove(at);
            }
            Step::WriteFile { app, name, offset, len, fill } => {
                let files = &mut self.app(app)?.files;
                let file = files.iter_mut().find(|file| file.0 == name).ok_or(codes::SAR_FILE_NOT_EXIST)?;
                let place = file.1.get_mut(offset as usize..).ok_or(codes::SAR_INVALIDPARAMERR)?;
                place.get_mut(..len).ok_or(codes::SAR_INDATALENERR)?.fill(fill);
            }
            Step::CreateContainer { app, name } => {
                if self.container(app, name).is_ok() {
                    return Err(codes::SAR_FILE_ALREADY_EXIST);
                }
                let app = self.app(app)?;
                if app.containers.len() == 2 {
                    return Err(codes::SAR_REACH_MAX_CONTAINER_COUNT);
                }
                app.containers.push(PlainContainer { name, ..PlainContainer::default() });
            }
            Step::DeleteContainer { app, name } => {
                self.container(app, name)?;
                self.app(app)?.containers.retain(|container| container.name != name);
            }
            Step::PutPair { app, name, usage, kind, fill } => {
                if *logged_in != Some(self.app(app)?.number) {
                    return Err(codes::SAR_USER_NOT_LOGGED_IN);
                }
                let container = self.container(app, name)?;
                if container.kind.is_some_and(|there| there != kind) {
                    return Err(codes::SAR_KEYINFOTYPEERR);
                }
                container.kind = Some(kind);
                container.pairs[usage] = Some(fill);
            }
            Step::SetCertificate { app, name, usage, fill } => {
                self.container(app, name)?.certificates[usage] = Some(fill);
            }
            Step::Verify { app, role, pin } => *logged_in = Some(self.try_pin(app, role, pin)?.number),
            Step::ChangePin { app, role, old, new } => {
                self.try_pin(app, role, old)?.pins[role] = PlainPin { pin: new, left: MAX_TRIES, is_default: false };
            }
            Step::Unblock { app, admin, new } => {
                self.try_pin(app, 0, admin)?.pins[1] = PlainPin { pin: new, left: MAX_TRIES, is_default: false };
            }
            Step::Reopen => {}
        }
        Ok(())
    }

    /// Everything that can be seen of the key is what this model says.
    fn compare(&self, model: &Model, secrets: Option<(usize, &Secrets)>) {
        let names: Vec<_> = model.applications.iter().map(|app| app.name.as_bytes()).collect();
        assert_eq!(names, self.apps.iter().map(|app| APPS[app.name]).collect::<Vec<_>>());
        for (plain, app) in self.apps.iter().zip(&model.applications) {
            for (role, pin) in ROLES.into_iter().zip(&plain.pins) {
                let wanted = PinInfo { max_tries: MAX_TRIES, tries_left: pin.left, is_default: pin.is_default };
                assert_eq!(app.pin(role).info(), wanted);
            }
            let files: Vec<_> =
                app.files.iter().map(|file| (file.name.as_bytes(), file.read(0, 99).unwrap())).collect();
            assert_eq!(files, plain.files.iter().map(|file| (NAMES[file.0], file.1.to_vec())).collect::<Vec<_>>());
            let names: Vec<_> = app.containers.iter().map(|container| container.name.as_bytes()).collect();
            assert_eq!(names, plain.containers.iter().map(|container| NAMES[container.name]).collect::<Vec<_>>());
            let secrets = secrets.filter(|(number, _)| *number == plain.number).map(|(_, secrets)| secrets);
            for (plain, container) in plain.containers.iter().zip(&app.containers) {
                plain.compare(app, container, secrets);
            }
        }
    }
}

impl PlainContainer {
    fn compare(&self, app: &Application, container: &Container, secrets: Option<&Secrets>) {
        assert_eq!(container.kind(), self.kind.unwrap_or(Kind::None));
        for (at, usage) in USAGES.into_iter().enumerate() {
            let certificate = container.certificate(usage).ok().map(<[u8]>::to_vec);
            assert_eq!(certificate, self.certificates[at].map(|fill| vec![fill; 9]));
            let there = container.pair(usage).ok().map(|pair| pair.public.to_vec());
            assert_eq!(there, self.pairs[at].map(public));
            if let (Some(secrets), Some(fill)) = (secrets, self.pairs[at]) {
                let opened = secrets.private(app, container.name.as_bytes(), usage).unwrap();
                assert_eq!(opened.as_slice(), private_of(fill));
            }
        }
    }
}

/// The same step on the key.
fn take(key: &mut Key, step: Step, secrets: &mut Option<Secrets>) -> Result<(), Sar> {
    let limits = Limits { containers: 2, ..Limits::default() };
    match step {
        Step::CreateApp { app, pins } => {
            let [admin, user] = pins.map(|pin| NewPin { pin: PINS[pin], max_tries: MAX_TRIES, is_default: true });
            let new = NewApplication { name: APPS[app], admin, user, create_file_rights: 0, iterations: Some(1) };
            key.change(|model| model.create_application(&new, &limits))
        }
        Step::DeleteApp { app } => key.change(|model| model.delete_application(APPS[app])),
        Step::CreateFile { app, name } => key.change(|model| {
            let app = model.application_mut(APPS[app])?;
            app.create_file(NAMES[name], FILE_SIZE, Rights(0xFF), Rights(0xFF), &limits)
        }),
        Step::DeleteFile { app, name } => {
            key.change(|model| model.application_mut(APPS[app])?.delete_file(NAMES[name]))
        }
        Step::WriteFile { app, name, offset, len, fill } => {
            key.change(|model| model.application_mut(APPS[app])?.file_mut(NAMES[name])?.write(offset, &vec![fill; len]))
        }
        Step::CreateContainer { app, name } => {
            key.change(|model| model.application_mut(APPS[app])?.create_container(NAMES[name], &limits))
        }
        Step::DeleteContainer { app, name } => {
            key.change(|model| model.application_mut(APPS[app])?.delete_container(NAMES[name]))
        }
        Step::PutPair { app, name, usage, kind, fill } => key.change(|model| {
            let app = model.application_mut(APPS[app])?;
            let secrets = secrets.as_ref().ok_or(Sar(codes::SAR_USER_NOT_LOGGED_IN))?;
            secrets.put_pair(app, NAMES[name], USAGES[usage], kind, &public(fill), &private_of(fill))
        }),
        Step::SetCertificate { app, name, usage, fill } => key.change(|model| {
            let container = model.application_mut(APPS[app])?.container_mut(NAMES[name])?;
            container.set_certificate(USAGES[usage], &[fill; 9]);
            Ok(())
        }),
        Step::Verify { app, role, pin } => {
            *secrets = Some(key.verify_pin(APPS[app], ROLES[role], PINS[pin], &limits)?);
            Ok(())
        }
        Step::ChangePin { app, role, old, new } => {
            Ok(key.change_pin(APPS[app], ROLES[role], PINS[old], PINS[new], &limits)?)
        }
        Step::Unblock { app, admin, new } => Ok(key.unblock_pin(APPS[app], PINS[admin], PINS[new], &limits)?),
        Step::Reopen => {
            *key = Key::open(key.folder())?;
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_answer_and_leave_what_a_plain_model_says(steps in prop::collection::vec(step(), 1..80)) {
        let folder = fast_folder();
        let mut key = Key::create(folder.path(), device()).unwrap();
        let (mut plain, mut logged_in, mut secrets) = (Plain::default(), None, None);
        for step in steps {
            let wanted = plain.take(step, &mut logged_in);
            prop_assert_eq!(take(&mut key, step, &mut secrets).map_err(|sar| sar.0), wanted, "{:?}", step);
            plain.compare(&key.load().unwrap(), logged_in.zip(secrets.as_ref()));
        }
        // Every private key opens with every right PIN, from the disk alone.
        let key = Key::open(folder.path()).unwrap();
        for app in &plain.apps {
            for (role, pin) in ROLES.into_iter().zip(&app.pins).filter(|(_, pin)| pin.left > 0) {
                let secrets = key.verify_pin(APPS[app.name], role, PINS[pin.pin], &Limits::default()).unwrap();
                let model = key.load().unwrap();
                let stored = model.application(APPS[app.name]).unwrap();
                for (plain, container) in app.containers.iter().zip(&stored.containers) {
                    plain.compare(stored, container, Some(&secrets));
                }
            }
        }
    }
}
