//! The shipped models as they are listed, and names that are no models. Touch it with what a list shows.

use std::path::{Path, PathBuf};

use super::*;

fn shipped() -> Catalogue {
    let places =
        ["tests/fixtures/models", "models"].map(|place| Path::new(env!("CARGO_MANIFEST_DIR")).join(place));
    Catalogue::new(places.into(), vec!["musicnn-crnn".into(), "gate-speech-music".into()])
}

#[test]
fn the_shipped_models_are_listed_with_their_figures() {
    let catalogue = shipped();
    let session = catalogue.loaded().add("musicnn-crnn");
    let list = catalogue.list();
    assert_eq!(list.broken, []);
    let of = |id: &str| list.models.iter().find(|model| model.id == id).expect(id);
    let (best, cnn, gate) = (of("musicnn-crnn"), of("cnn"), of("gate-speech-music"));
    assert_eq!((best.role.as_str(), best.kind.as_str(), best.labels.len()), ("genre", "encoder-head", 10));
    assert!(best.configured && best.loaded && best.has_report && best.pretrained);
    assert!((best.window_s - 1834.0 * 0.016).abs() < 1e-9 && (best.first_window_s - 2.992).abs() < 1e-9);
    assert!(!cnn.configured && !cnn.loaded && cnn.parameters == Some(50_618));
    assert_eq!((cnn.accuracy, cnn.splits["fault_filtered"].n), (Some(0.507_614), Some(197)));
    assert!(cnn.splits.contains_key("random"));
    assert_eq!((gate.role.as_str(), gate.configured, gate.accuracy), ("gate", true, None));
    assert!(!of("toy-window").has_report);
    drop(session);
    assert!(catalogue.list().models.iter().all(|model| !model.loaded));
}

#[test]
fn report_and_card_are_the_files_themselves() {
    let catalogue = shipped();
    let file = |name: &str| {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cnn").join(name)).expect(name)
    };
    assert_eq!(catalogue.report("cnn").expect("a report"), file("report.json"));
    assert_eq!(catalogue.card("cnn").expect("a card"), file("CARD.md"));
    let error = catalogue.report("toy-window").expect_err("it has none");
    assert!(matches!(error, CatalogueError::NoFile { .. }), "{error}");
}

#[test]
fn nothing_but_the_name_of_a_model_leads_anywhere() {
    let catalogue = shipped();
    for id in [
        "",
        ".",
        "..",
        "../models/cnn",
        "cnn/",
        "cnn/../cnn",
        "/etc",
        "cnn\0",
        "CNN",
        "cnn ",
        "LICENSES",
        "nowhere",
    ] {
        let error = catalogue.report(id).expect_err(id);
        assert!(
            matches!(&error, CatalogueError::NoModel { there, .. } if there.contains(&"cnn".into())),
            "{id:?}: {error}"
        );
    }
}

#[test]
fn a_broken_manifest_is_told_and_hides_no_other_model() {
    let place = temp_dir::TempDir::new().expect("a folder");
    std::fs::create_dir(place.child("bad")).expect("created");
    std::fs::write(place.child("bad/manifest.toml"), "schema = 1\n").expect("written");
    let models: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let list = Catalogue::new(vec![place.path().into(), models], Vec::new()).list();
    assert_eq!(list.broken.len(), 1);
    assert!(
        list.broken[0].id == "bad" && list.broken[0].error.contains("manifest.toml"),
        "{:?}",
        list.broken
    );
    assert!(list.models.len() >= 6);
}
