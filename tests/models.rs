//! Every model that ships: it is served, and its folder tells all that is known of it. Touch it when a folder must
//! hold something else.

use std::path::{Path, PathBuf};

use genrecast::manifest::Role;
use genrecast::model::{Model, Runtime, RuntimeChoice, RuntimeSettings};
use genrecast::pipeline::self_test;

/// What all models together may take, in bytes.
const ROOM: u64 = 40 << 20;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(models()).expect("models/");
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("manifest.toml").is_file())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

fn size(path: &Path) -> u64 {
    if path.is_file() {
        return path.metadata().expect("a file").len();
    }
    std::fs::read_dir(path).expect("a folder").filter_map(|entry| Some(size(&entry.ok()?.path()))).sum()
}

#[test]
fn every_model_passes_its_golden_window_on_tract() {
    let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..Default::default() };
    let runtime = Runtime::start(&settings).expect("tract is built in");
    for folder in folders() {
        let model = Model::load(&folder).expect("a valid model");
        assert_eq!(Some(model.manifest.id.as_str()), folder.file_name().and_then(|name| name.to_str()));
        let mut classifier = model.classifier(&runtime).expect("opens");
        let difference = self_test(&model, &mut *classifier, &runtime).expect("the recorded answer");
        println!("{}: {difference:.2e}", model.manifest.id);
    }
}

#[test]
fn every_folder_has_a_card_a_report_and_the_pictures_of_its_card() {
    for folder in folders() {
        let card = std::fs::read_to_string(folder.join("CARD.md")).expect("a card");
        let report = std::fs::read_to_string(folder.join("report.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        if Model::load(&folder).expect("a valid model").manifest.role == Role::Gate {
            let music = report["programme"]["shares"]["music"]["music"].as_f64().expect("a share");
            assert!(card.contains(&format!("| music | {:.1} % |", music * 100.0)), "{}", folder.display());
            continue;
        }
        let measured = &report["splits"]["fault_filtered"];
        let shown = format!("Accuracy {:.1}%", measured["accuracy"].as_f64().expect("a share") * 100.0);
        assert!(card.contains(&shown), "{}: no {shown}", folder.display());
        let pictures: Vec<&str> =
            card.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!pictures.is_empty(), "{}", folder.display());
        for picture in pictures {
            assert!(folder.join(picture).is_file(), "{}: no {picture}", folder.display());
        }
    }
}

#[test]
fn all_models_together_are_small() {
    let bytes = size(&models());
    println!("{:.1} MB", bytes as f64 / 1e6);
    assert!(bytes <= ROOM, "{bytes} bytes, expected at most {ROOM}");
}
