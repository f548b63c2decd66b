//! CAs in a folder: the same one again, one only for many at once, nothing accepted that is not the layout's.

use std::fs;

use super::{openssl::*, *};

#[test]
fn a_folder_gives_the_same_authority_again() {
    let openssl = OpenSsl::new();
    let folder = openssl.path().join("new").join("ca");
    for (name, algorithm) in [("scca", Algorithm::Sm2), ("bjca-rsa", Algorithm::Rsa), ("scca", Algorithm::Rsa)] {
        let layout = layout(name).unwrap();
        let one = Authority::open_or_create(&folder, layout, algorithm).unwrap();
        let two = Authority::open_or_create(&folder, layout, algorithm).unwrap();
        assert_eq!(one.certificate(), two.certificate());
        // made by the second, verified against the file
        let der = issue(&two, &Subject::first(holder(Kind::Organisation)), Usage::Sign).unwrap();
        let (root, certificate) = (certificate_path(&folder, layout, algorithm), openssl.pem("holder", &der));
        match algorithm {
            Algorithm::Sm2 => assert_eq!(openssl.verify_sm2(&root, &certificate, &[]), Ok(())),
            Algorithm::Rsa => assert_eq!(openssl.verify(&root, &certificate, &[]), Ok(())),
        }
        // OpenSSL reads the key, and it is that of the certificate
        let file = folder.join(format!("{name}-{}.ca.pem", algorithm.name()));
        let public = openssl.ok(&["pkey", "-in", text(&file), "-pubout"]);
        assert_eq!(public, openssl.show(&root, &["-pubkey"]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 6, "only two files for each CA may be left");
}

#[test]
fn many_at_once_get_one_authority() {
    let folder = tempfile::TempDir::new().unwrap();
    let layout = layout("xjca").unwrap();
    let certificates: Vec<_> = std::thread::scope(|scope| {
        let open = || Authority::open_or_create(folder.path(), layout, Algorithm::Sm2).unwrap().certificate().to_vec();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(certificates.iter().all(|certificate| *certificate == certificates[0]));
}

#[test]
fn a_file_that_is_not_this_authority_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let (snca, nmgca) = (layout("snca").unwrap(), layout("nmgca").unwrap());
    let open = || Authority::open_or_create(folder.path(), snca, Algorithm::Sm2);
    open().unwrap();
    Authority::open_or_create(folder.path(), nmgca, Algorithm::Sm2).unwrap();
    let file = |name: &str| folder.path().join(name);
    let good = fs::read_to_string(file("snca-sm2.ca.pem")).unwrap();
    let other = fs::read_to_string(file("nmgca-sm2.ca.pem")).unwrap();
    let split = |text: &str| {
        let (key, certificate) = text.split_at(text.find("-----BEGIN CERTIFICATE").unwrap());
        (key.to_owned(), certificate.to_owned())
    };
    let ((key, certificate), (_, other_certificate)) = (split(&good), split(&other));
    let key_twice = format!("{key}{key}");
    for (content, reason) in [
        (other.as_str(), "does not have the name"),
        (&(key.clone() + &other_certificate), "is not for its key"),
        (&key, "no certificate"),
        (&key_twice, "no certificate"),
        (&certificate, "does not begin with a PRIVATE KEY"),
        (&good.replace("MI", "mi"), ""),
        ("", "no certificate"),
    ] {
        fs::write(file("snca-sm2.ca.pem"), content).unwrap();
        match open() {
            Err(MakeError::Content { reason: found, .. }) => assert!(found.contains(reason), "{found}"),
            found => panic!("{content}: {found:?}"),
        }
    }
    fs::write(file("snca-sm2.ca.pem"), good).unwrap();
    open().unwrap();
    let sm2 = Authority::open_or_create(folder.path(), layout("bjca-rsa").unwrap(), Algorithm::Sm2);
    assert!(matches!(sm2, Err(MakeError::LayoutAlgorithm { .. })));
}
