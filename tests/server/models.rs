//! `/v1/models` over a real socket. Touch it when more of a model is served.

use super::world::World;

fn request(world: &World, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", world.at)
}

#[tokio::test]
async fn models_are_listed_with_report_and_card() {
    let world = World::start().await;
    let (status, list) = world.get("/v1/models").await;
    let models = list["models"].as_array().expect("a list");
    let cnn = models.iter().find(|model| model["id"] == "cnn").expect("it is shipped");
    assert_eq!((status, &cnn["role"], &cnn["sample_rate"]), (200, &"genre".into(), &22_050.into()), "{cnn}");
    assert_eq!((&cnn["configured"], &cnn["has_report"]), (&false.into(), &true.into()));
    let best = models.iter().find(|model| model["id"] == "musicnn-crnn").expect("it is shipped");
    assert_eq!(best["configured"], true);

    let (status, report) = world.get("/v1/models/cnn/report").await;
    assert_eq!((status, &report["model"]), (200, &"cnn".into()));
    assert_eq!(report["splits"]["fault_filtered"]["accuracy"], cnn["accuracy"]);
    let (status, head) = world.head(&request(&world, "/v1/models/cnn/card")).await;
    assert!(status == 200 && head.contains("content-type: text/markdown"), "{head}");
    let (_, card) = world.http(&request(&world, "/v1/models/cnn/card")).await;
    assert_eq!(card, std::fs::read_to_string("models/cnn/CARD.md").expect("readable"));
    world.end().await;
}

#[tokio::test]
async fn no_path_leads_out_of_the_models() {
    let world = World::start().await;
    for id in ["nowhere", "..", "%2e%2e", "..%2Fmodels%2Fcnn", "%2Fetc", "cnn%00", "LICENSES", "%ff"] {
        let (status, body) = world.http(&request(&world, &format!("/v1/models/{id}/report"))).await;
        assert_eq!(status, 404, "{id}: {body}");
        assert!(body.starts_with(r#"{"error":{"code":"no"#), "{id}: {body}");
    }
    let (status, body) = world.get("/v1/models/nowhere/card").await;
    assert_eq!((status, &body["error"]["code"]), (404, &"no_such_model".into()), "{body}");
    world.end().await;
}
