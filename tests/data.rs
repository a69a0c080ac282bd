//! Real clips and the other runtime: what needs GENRECAST_TEST_DATA (a folder with `gtzan_audio` and `gtzan_audio_flac`)
//! or GENRECAST_TEST_ONNXRUNTIME (the path of ONNX Runtime's library), and counts as ignored without.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use genrecast::event::LabelScore;
use libtest_mimic::{Arguments, Failed, Trial};
use support::daemon::Daemon;
use support::subscriber::Subscriber;
use support::windows::{difference, of_report, of_source, score_difference};
use support::{classify, clips, genrecast, onnxruntime, run, with_tract};

fn main() {
    let (clips, library) = (clips(), onnxruntime());
    let no_clips = clips.is_none();
    let neither = no_clips || library.is_none();
    let folder = clips.unwrap_or_default();
    let library = library.unwrap_or_default();
    let (of_live, of_runtimes, of_accuracy, of_list) =
        (folder.clone(), folder.clone(), folder.clone(), folder);
    let trials = vec![
        Trial::test("five_clips_played_give_what_classify_gives", move || played(&of_live))
            .with_ignored_flag(no_clips),
        Trial::test("tract_and_onnxruntime_agree_on_ten_clips", move || runtimes(&of_runtimes, &library))
            .with_ignored_flag(neither),
        Trial::test("the_genre_is_right_for_three_quarters_of_forty_clips", move || accuracy(&of_accuracy))
            .with_ignored_flag(no_clips),
        Trial::test("evaluate_says_of_ten_clips_what_classify_says", move || evaluated(&of_list))
            .with_ignored_flag(no_clips),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The first lossless clip of each genre.
fn lossless(folder: &Path) -> Result<Vec<String>, Failed> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder.join("gtzan_audio_flac"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "flac"))
        .collect();
    paths.sort();
    let genre = |path: &PathBuf| {
        path.file_name().map(|name| name.to_string_lossy().split('.').next().map(str::to_owned))
    };
    paths.dedup_by_key(|path| genre(path));
    Ok(paths.iter().map(|path| path.display().to_string()).collect())
}

/// Does `work` for each item, on two threads; the results keep no order.
fn in_pairs<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(item);
                    results.lock().expect("no panic").push(result);
                }
            });
        }
    });
    results.into_inner().expect("no panic")
}

fn played(folder: &Path) -> Result<(), Failed> {
    let clips: Vec<String> = lossless(folder)?.into_iter().take(5).collect();
    assert_eq!(clips.len(), 5);
    let sources: Vec<String> = clips.iter().map(|clip| format!("file:{clip}?speed=max")).collect();
    let daemon = Daemon::on(&sources.iter().map(String::as_str).collect::<Vec<_>>());
    let network = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (events, names) = network.block_on(async {
        let mut subscriber = Subscriber::from_start(daemon.address).await;
        let names: Vec<String> = serde_json::from_value(subscriber.hello["sources"].clone()).expect("names");
        (subscriber.events_until_ended(5).await, names)
    });
    for (name, clip) in names.iter().zip(&clips) {
        let windows = of_source(&events, name);
        let worst = difference(&of_report(&classify(clip, Vec::new())), &windows);
        println!("{name}: {} windows, largest difference {worst:.1e}", windows.len());
        assert!(worst <= 1e-6, "{name}: {worst}");
    }
    Ok(())
}

fn runtimes(folder: &Path, library: &Path) -> Result<(), Failed> {
    let clips = lossless(folder)?;
    assert_eq!(clips.len(), 10);
    let classified = |clip: &String, runtime: &str| -> serde_json::Value {
        let ran = run(genrecast("classify")
            .args(["--config", "config.toml", "--device", "cpu", "--json", "--top", "10"])
            .args(["--runtime", runtime, clip])
            .env("GENRECAST_MODEL__ONNXRUNTIME", library));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(report["model"]["runtime"], runtime);
        report
    };
    let top = |report: &serde_json::Value| -> Vec<LabelScore> {
        serde_json::from_value(report["top"].clone()).expect("scores")
    };
    let differences = in_pairs(&clips, |clip| {
        let (tract, onnxruntime) = (classified(clip, "tract"), classified(clip, "onnxruntime"));
        let windows = difference(&of_report(&tract), &of_report(&onnxruntime));
        windows.max(score_difference(&top(&tract), &top(&onnxruntime)))
    });
    let worst = differences.iter().copied().fold(0.0, f32::max);
    println!("{} clips: largest difference of tract from ONNX Runtime {worst:.1e}", differences.len());
    assert!(worst <= 1e-4, "{worst}");
    Ok(())
}

fn evaluated(folder: &Path) -> Result<(), Failed> {
    let clips = lossless(folder)?;
    let place = temp_dir::TempDir::new()?;
    let list = place.path().join("list.csv");
    let mut text = String::from("clip,genre\n");
    for clip in &clips {
        let name = Path::new(clip).file_stem().ok_or("a name")?.to_string_lossy();
        let (genre, _) = name.split_once('.').ok_or("a genre before the dot")?;
        text += &format!("{name},{genre}\n");
    }
    std::fs::write(&list, text)?;
    let audio = folder.join("gtzan_audio_flac");
    let ran = run(with_tract("evaluate").args(["--json", "--jobs", "2", "--list"]).arg(&list).arg(audio));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!(report["n"], clips.len());
    let told = report["per_clip"].as_array().ok_or("clips")?;
    let pairs: Vec<_> = told.iter().zip(&clips).collect();
    let differences = in_pairs(&pairs, |(told, clip)| {
        let p: BTreeMap<String, f32> = serde_json::from_value(told["p"].clone()).expect("probabilities");
        let evaluated: Vec<_> = p.into_iter().map(|(label, p)| LabelScore { label, p }).collect();
        let classified: Vec<LabelScore> =
            serde_json::from_value(classify(clip, Vec::new())["top"].clone()).expect("scores");
        score_difference(&evaluated, &classified)
    });
    println!("{} clips, accuracy {}", differences.len(), report["accuracy"]);
    assert_eq!(differences, vec![0.0; clips.len()]);
    Ok(())
}

fn accuracy(folder: &Path) -> Result<(), Failed> {
    let audio = folder.join("gtzan_audio");
    let list = std::fs::read_to_string(audio.join("list.csv"))?;
    let mut wanted = Vec::new();
    for genre in ["blues", "classical", "country", "metal"] {
        let of_genre = list.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields.get(1..) == Some(&[genre, "valid"][..])).then(|| (genre, fields[0].to_owned()))
        });
        wanted.extend(of_genre.take(10));
    }
    assert_eq!(wanted.len(), 40);
    let right = in_pairs(&wanted, |(genre, clip)| {
        let report = classify(&audio.join(format!("{clip}.ogg")).display().to_string(), Vec::new());
        (*genre, report["top"][0]["label"] == *genre)
    });
    let count = |of: &str| right.iter().filter(|(genre, right)| *right && genre.starts_with(of)).count();
    let told: Vec<String> =
        ["blues", "classical", "country", "metal"].map(|genre| format!("{genre} {}/10", count(genre))).into();
    println!("{} of 40 right: {}", count(""), told.join(", "));
    if count("") < 30 {
        return Err(format!("expected at least 30 of 40, got {}: {}", count(""), told.join(", ")).into());
    }
    Ok(())
}
