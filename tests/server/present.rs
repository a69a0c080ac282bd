//! What `/v1/now` and `/v1/sources` tell: each by itself all that a dashboard shows.
//! Touch it when they tell more.

use serde_json::json;

use super::events::{changed, state, window};
use super::world::World;

#[tokio::test]
async fn each_answer_is_enough_for_a_dashboard() {
    let world = World::start().await;
    world.hub.publish("mic", state("not the state the daemon knows"));
    world.hub.publish("mic", changed());
    world.hub.publish("mic", window(0.7));
    let (_, answer) = world.get("/v1/sources").await;
    assert_eq!((&answer["epoch"], &answer["seq"]), (&json!(world.hub.epoch()), &json!(3)));
    let of = &answer["sources"][0];
    for (field, value) in [
        ("name", json!("mic")),
        ("uri", json!("mic:")),
        ("state", json!("starting")),
        ("signal", json!("signal")),
        ("stable", json!({"label": "jazz", "since": "1970-01-01T00:00:00Z"})),
    ] {
        assert_eq!(of[field], value, "{field} in {of}");
    }
    assert!((of["rms_dbfs"].as_f64().expect("a level") + 18.2).abs() < 1e-3, "{of}");
    assert!(of["counters"]["windows"].is_u64());
    assert_eq!(of["last_audio"], "1970-01-01T00:00:00Z");
    assert!(of["last_window"].as_str().is_some_and(|time| time > "2020"), "{of}");
    assert!(of["since"].is_null(), "the event tells another state: {of}");

    let (_, now) = world.get("/v1/now?top_k=1").await;
    assert_eq!(
        (&now["type"], &now["seq"], &now["model"]["id"]),
        (&json!("snapshot"), &json!(3), &json!("crnn"))
    );
    let mic = &now["sources"][0];
    assert_eq!((&mic["source"], &mic["info"]["stable"]["label"]), (&json!("mic"), &json!("jazz")));
    assert_eq!((&mic["state"]["seq"], &mic["window"]["seq"]), (&json!(1), &json!(3)));
    assert_eq!(mic["window"]["top"].as_array().map(Vec::len), Some(1));
    // A source that has told nothing yet is there, too.
    let radio = &now["sources"][1];
    assert_eq!((&radio["source"], &radio["info"]["state"]), (&json!("radio"), &json!("starting")));
    assert!(radio["window"].is_null() && radio["info"]["stable"].is_null(), "{radio}");
}

#[tokio::test]
async fn sources_are_chosen_by_name_and_unknown_names_are_told() {
    let world = World::start().await;
    for path in ["/v1/now", "/v1/sources"] {
        let (status, answer) = world.get(&format!("{path}?sources=radio,later")).await;
        assert_eq!(status, 200);
        assert_eq!(answer["sources"].as_array().map(Vec::len), Some(1));
        assert_eq!(answer["unknown_sources"], json!(["later"]));
        assert!(world.get(path).await.1["unknown_sources"].is_null());
        let (status, answer) = world.get(&format!("{path}?source=radio")).await;
        let message = answer["error"]["message"].as_str().expect("text");
        assert!(status == 400 && message.contains("did you mean \"sources\"?"), "{message}");
    }
}
