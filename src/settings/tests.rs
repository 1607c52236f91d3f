//! Tests of the settings as a whole, from the file and the environment to the typed values.

use std::time::Duration;

use super::{PhotoStorage, Settings, SettingsError};

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn nothing_set_is_enough() {
    let settings = Settings::load(None, Vec::new()).unwrap();
    assert_eq!(settings.listen, ([127, 0, 0, 1], 8080).into());
    assert_eq!(settings.live.limits.photo, 16 * 1024 * 1024);
    assert_eq!(settings.live.delivery.max_retry, Duration::from_mins(15));
    assert!(settings.live.sowell.is_none());
}

#[test]
fn the_environment_overrides_the_file_and_paths_start_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.yaml");
    let text = "listen: 127.0.0.1:1\ndata_dir: here\nlimits: {photos: 3, rate: 5/s}\n";
    std::fs::write(&file, text).unwrap();
    let environment = environment(&[
        ("PASSERELLE_LISTEN", "127.0.0.1:2"),
        ("PASSERELLE_DELIVERY__FIRST_RETRY", "50ms"),
        ("PASSERELLE_TOKENS__SOWELL", "secret-token"),
    ]);
    let settings = Settings::load(Some(&file), environment).unwrap();
    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.data_dir, folder.path().join("here"));
    assert_eq!(settings.live.limits.photos, 3);
    assert_eq!(settings.live.limits.rate.requests, 5);
    assert_eq!(
        settings.live.delivery.first_retry,
        Duration::from_millis(50)
    );
    assert!(!format!("{settings:?}").contains("secret-token"));
}

#[test]
fn an_empty_variable_is_as_one_that_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.yaml");
    let text = "listen: 127.0.0.1:1\nlog: warn\nsecrets: {other: two}\n";
    std::fs::write(&file, text).unwrap();
    let variables = environment(&[
        ("PASSERELLE_LISTEN", ""),
        ("PASSERELLE_SECRETS__OTHER", ""),
        ("RUST_LOG", ""),
        ("PASSERELLE_LOG", ""),
        ("PASSERELLE_LISTENN", ""),
    ]);
    assert!(Settings::unknown_variables(variables.clone()).is_empty());
    let settings = Settings::load(Some(&file), variables).unwrap();
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(settings.live.log, "warn");
    assert_eq!(settings.live.secrets["other"].expose(), "two");
}

#[test]
fn only_our_variables_must_be_texts() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    let no_text = || OsString::from_vec(b"/r\xe9sidences".to_vec());
    let read = |pairs: Vec<(OsString, OsString)>| Settings::variables(pairs);
    let others = vec![
        ("PWD".into(), no_text()),
        (no_text(), "x".into()),
        ("PASSERELLE_CONFIG".into(), no_text()),
        ("RUST_LOG".into(), no_text()),
        ("PASSERELLE_LISTEN".into(), "x".into()),
    ];
    let expected = environment(&[("PASSERELLE_LISTEN", "x")]);
    assert_eq!(read(others).unwrap(), expected);
    let ours = vec![("PASSERELLE_DATA_DIR".into(), no_text())];
    let SettingsError(faults) = read(ours).unwrap_err();
    assert_eq!(faults, ["PASSERELLE_DATA_DIR: is not UTF-8"]);
}

#[test]
fn every_wrong_value_is_named() {
    let environment = environment(&[
        ("PASSERELLE_LISTEN", "here"),
        ("PASSERELLE_LIMITS__BODY", "big"),
        ("PASSERELLE_LIMITS__PIXELS", "many"),
        ("PASSERELLE_RULES_DIR", "/nowhere/at/all"),
        ("PASSERELLE_CRM__KIND", "rest"),
        ("PASSERELLE_SOWELL__BASE_URL", "http://sowell.example/?v=2"),
        ("PASSERELLE_CRM__TOKEN", "a b"),
        ("PASSERELLE_LOG", "bruyant"),
    ]);
    let SettingsError(faults) = Settings::load(None, environment).unwrap_err();
    assert_eq!(faults.len(), 8, "{faults:?}");
}

#[test]
fn a_token_that_does_not_fit_is_not_repeated() {
    for (variable, token) in [
        ("SOWELL__TOKEN", "Bearer hunter2"),
        ("CRM__TOKEN", "hunter2\n"),
        ("TOKENS__SOWELL", "hunter2-hunter2-hunter2\n"),
        ("TOKENS__ADMIN", " hunter2-hunter2-hunter2"),
        ("TOKENS__ADMIN", "hunter2-hunter2\u{7f}-hunter2"),
        ("TOKENS__CRM", "hunter2-été-hunter2"),
        ("TOKENS__SOWELL", "hunter2-\u{a0}-hunter2"),
        ("TOKENS__SOWELL", "hunter2\nhunter2-hunter2"),
    ] {
        let name = format!("PASSERELLE_{variable}");
        let environment = environment(&[
            (&name, token),
            ("PASSERELLE_SOWELL__BASE_URL", "http://sowell.example"),
        ]);
        let error = Settings::load(None, environment).unwrap_err().to_string();
        assert!(error.contains("a line break"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_token_of_a_client_may_hold_whatever_a_header_carries() {
    for token in ["a b\tc", "jeton-de-16-octets+/=~", "0"] {
        let environment = environment(&[("PASSERELLE_TOKENS__CRM", token)]);
        assert!(Settings::load(None, environment).is_ok(), "{token}");
    }
}

#[test]
fn a_secret_that_no_call_can_be_signed_with_is_refused_and_not_repeated() {
    let load = |secret: &str| {
        let environment = environment(&[("PASSERELLE_CRM__WEBHOOK_SECRET", secret)]);
        Settings::load(None, environment)
    };
    for secret in ["whsec_hunter2!!!", "hunter2", "whsec_hunter2 ", "whsec_"] {
        let error = load(secret).unwrap_err().to_string();
        assert!(error.contains("crm.webhook_secret: is not"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for secret in [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "",
    ] {
        assert!(load(secret).is_ok(), "{secret}");
    }
}

#[test]
fn limits_under_which_nothing_can_be_sent_are_refused() {
    let load = |key: &str, value: &str| {
        let name = format!("PASSERELLE_LIMITS__{key}");
        Settings::load(None, vec![(name, value.to_owned())])
    };
    for (key, value) in [
        ("BODY", "0"),
        ("PHOTO", "0 MiB"),
        ("PIXELS", "0 Mpx"),
        ("RATE", "0/min"),
    ] {
        assert!(load(key, value).is_err(), "{key}");
    }
    // A landlord may want no photos.
    assert_eq!(load("PHOTOS", "0").unwrap().live.limits.photos, 0);
}

#[test]
fn the_first_wait_is_no_longer_than_the_longest() {
    let load = |pairs: &[(&str, &str)]| Settings::load(None, environment(pairs));
    let first = |text| ("PASSERELLE_DELIVERY__FIRST_RETRY", text);
    let most = |text| ("PASSERELLE_DELIVERY__MAX_RETRY", text);
    for pairs in [&[first("16m")][..], &[first("2s"), most("1s")]] {
        let SettingsError(faults) = load(pairs).unwrap_err();
        assert!(faults[0].contains("delivery.max_retry"), "{faults:?}");
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
    for pairs in [&[first("1h"), most("1h")][..], &[most("500ms")], &[]] {
        assert!(load(pairs).is_ok(), "{pairs:?}");
    }
    let SettingsError(faults) = load(&[first("2s"), most("soon")]).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[test]
fn what_only_a_remote_crm_needs_is_idle_without_one() {
    let idle = |pairs: &[(&str, &str)]| {
        let settings = Settings::load(None, environment(pairs)).unwrap();
        settings.origin.idle_keys(settings.crm)
    };
    let poll = ("PASSERELLE_CRM__POLL", "5m");
    let url = ("PASSERELLE_CRM__BASE_URL", "http://crm.example");
    assert_eq!(idle(&[poll, url]), ["crm.base_url", "crm.poll"]);
    let rest = ("PASSERELLE_CRM__KIND", "rest");
    assert!(idle(&[poll, url, rest]).is_empty());
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let taken = [
        ("PASSERELLE_CRM__POLL", "1m"),
        ("PASSERELLE_CRM__WEBHOOK_SECRET", secret),
    ];
    assert!(idle(&taken).is_empty());
}

#[test]
fn a_password_in_an_address_is_not_repeated() {
    for variable in ["DATABASE_URL", "FILES_URL", "SOWELL__BASE_URL"] {
        let name = format!("PASSERELLE_{variable}");
        let environment = vec![(name, "mysql://u:hunter2@h/db".to_owned())];
        let error = Settings::load(None, environment).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_bucket_needs_a_whole_key_and_leave_to_do_without_tls() {
    let bucket = |more: &[(&str, &str)]| {
        let mut all = environment(&[
            ("PASSERELLE_FILES_URL", "s3://photos/vivest/"),
            ("PASSERELLE_S3__SECRET_ACCESS_KEY", "hunter2"),
        ]);
        all.extend(environment(more));
        Settings::load(None, all)
    };
    let http = ("PASSERELLE_S3__ENDPOINT", "http://127.0.0.1:9000");
    let SettingsError(faults) = bucket(&[http]).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    let id = ("PASSERELLE_S3__ACCESS_KEY_ID", "passerelle");
    let settings = bucket(&[http, id, ("PASSERELLE_S3__ALLOW_HTTP", "true")]).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let PhotoStorage::S3(bucket) = settings.photos else {
        panic!("a bucket is no folder");
    };
    assert_eq!((&*bucket.bucket, &*bucket.prefix), ("photos", "vivest"));
}

#[test]
fn a_prefix_is_what_the_names_of_objects_begin_with() {
    let prefix = |path: &str| {
        let variables = environment(&[("PASSERELLE_FILES_URL", &format!("s3://photos{path}"))]);
        match Settings::load(None, variables).map(|it| it.photos) {
            Ok(PhotoStorage::S3(bucket)) => Some(bucket.prefix),
            Ok(PhotoStorage::Folder(_)) => panic!("a bucket is no folder"),
            Err(_) => None,
        }
    };
    for (path, expected) in [
        ("", ""),
        ("/", ""),
        ("/vivest/", "vivest"),
        (
            "/vivest~1/photos 2026/résidences",
            "vivest~1/photos 2026/résidences",
        ),
        ("/photos%202026/r%C3%A9sidences", "photos 2026/résidences"),
        ("/a%3Fb/100%", "a?b/100%"),
        ("/...", "..."),
    ] {
        assert_eq!(prefix(path).as_deref(), Some(expected), "{path}");
    }
    for wrong in [
        "/a//b", "/a/../b", "/.", "/a?b", "/a#b", "/a%00b", "/a%FF", "/%2e%2e",
    ] {
        assert_eq!(prefix(wrong), None, "{wrong}");
    }
}

#[test]
fn a_folder_that_is_missing_is_a_fault_but_for_who_brings_it_back() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("passerelle.yaml");
    std::fs::write(&file, "rules_dir: rules\n").unwrap();
    let SettingsError(faults) = Settings::load(Some(&file), Vec::new()).unwrap_err();
    assert!(faults[0].contains("rules_dir"), "{faults:?}");
    let settings = Settings::load_without_folders(Some(&file), Vec::new()).unwrap();
    assert_eq!(
        settings.rules,
        crate::settings::Folder::Disk(parent.path().join("rules"))
    );
}

#[test]
fn an_unknown_key_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.yaml");
    std::fs::write(&file, "listen: 127.0.0.1:1\nlimit: {}\n").unwrap();
    let SettingsError(faults) = Settings::load(Some(&file), Vec::new()).unwrap_err();
    assert!(
        faults[0].contains("limit") && faults[0].contains("line 2"),
        "{faults:?}"
    );
}

#[test]
fn the_log_follows_the_nearest_word() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.yaml");
    std::fs::write(&file, "log: warn\n").unwrap();
    let log = |pairs: &[(&str, &str)]| {
        let settings = Settings::load(Some(&file), environment(pairs));
        settings.map(|it| it.live.log)
    };
    assert_eq!(log(&[]).unwrap(), "warn");
    assert_eq!(
        log(&[("RUST_LOG", "debug,sqlx=warn")]).unwrap(),
        "debug,sqlx=warn"
    );
    let both = [("RUST_LOG", "debug"), ("PASSERELLE_LOG", "error")];
    assert_eq!(log(&both).unwrap(), "error");
    // A different program's variable never prevents the daemon from starting; our own does.
    assert_eq!(log(&[("RUST_LOG", "a=b=c")]).unwrap(), "warn");
    for wrong in ["a=b=c", "debgu", "passerelle=inof"] {
        assert!(log(&[("PASSERELLE_LOG", wrong)]).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_kept_may_be_kept_for_years_or_for_ever() {
    let kept = |text: &str| {
        let variables = environment(&[("PASSERELLE_RETENTION__TRACES", text)]);
        Settings::load(None, variables).map(|it| it.live.retention.traces)
    };
    assert_eq!(kept("").unwrap(), Some(Duration::from_hours(365 * 24)));
    assert_eq!(kept("10y").unwrap().unwrap().as_secs() / 86_400, 3_652);
    assert_eq!(kept("forever").unwrap(), None);
    for wrong in ["0s", "never", "-1d", "200y"] {
        assert!(kept(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn secrets_and_hosts_are_the_landlords_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passerelle.yaml");
    let text = "secrets: {redmine: one, other: two}\nnetwork: {allow: [Login.Example, '::1']}\n";
    std::fs::write(&file, text).unwrap();
    let variables = environment(&[
        ("PASSERELLE_SECRETS__OTHER", "three"),
        ("PASSERELLE_SECRETS__GLPI_APP", "four"),
    ]);
    assert!(Settings::unknown_variables(variables.clone()).is_empty());
    let live = Settings::load(Some(&file), variables).unwrap().live;
    let secrets = live.secrets.iter();
    let secrets: Vec<_> = secrets
        .map(|(name, it)| (name.as_str(), it.expose()))
        .collect();
    assert_eq!(
        secrets,
        [("glpi_app", "four"), ("other", "three"), ("redmine", "one")]
    );
    assert_eq!(live.network.allow, ["login.example", "[::1]"]);
    assert!(!format!("{live:?}").contains("three"));
    for wrong in [
        "secrets: {No: x}",
        "secrets: x",
        "network: {allow: ['http://a/']}",
    ] {
        std::fs::write(&file, wrong).unwrap();
        assert!(Settings::load(Some(&file), Vec::new()).is_err(), "{wrong}");
    }
}

#[test]
fn a_certificate_must_be_pem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let load = || {
        let variables = environment(&[("PASSERELLE_CRM__CA_FILE", path.to_str().unwrap())]);
        Settings::load(None, variables)
    };
    assert!(load().is_err());
    std::fs::write(&path, "not one").unwrap();
    assert!(load().is_err());
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
    assert!(load().unwrap().live.crm.tls.ca.is_some());
}

#[test]
fn a_mistyped_variable_is_noticed() {
    let environment = environment(&[
        ("PASSERELLE_TOKEN__SOWELL", "x"),
        ("PASSERELLE_BIN", "x"),
        ("PASSERELLE_TOKENS__SOWELL", "x"),
        ("PASSERELLE_DATADIR", "x"),
        ("PASSERELLE_LISTENN", "x"),
    ]);
    let unknown = Settings::unknown_variables(environment);
    let meant = ["TOKENS__SOWELL", "DATA_DIR", "LISTEN"];
    for key in meant {
        let variable = format!("PASSERELLE_{key}\"");
        assert!(
            unknown.iter().any(|it| it.contains(&variable)),
            "{unknown:?}"
        );
    }
    assert_eq!(unknown.len(), meant.len(), "{unknown:?}");
}
