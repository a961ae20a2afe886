//! The published schema of the events is that of the types, and what runs have written is valid to it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{Shared, replay};
use crate::event::recording;
use crate::ui::json::{Json, Line};

fn schema() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Line<'static>>()
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    // SNAPSHOTS=overwrite writes it anew.
    let published = snapbox::file!["../../../docs/schema/events.schema.json": Text];
    snapbox::assert_data_eq!(text, published.raw());
}

/// With nothing let pass that the schema does not name.
fn strict() -> jsonschema::Validator {
    let mut schema = schema().to_value();
    schema["unevaluatedProperties"] = false.into();
    jsonschema::validator_for(&schema).unwrap()
}

async fn recorded() -> Vec<Value> {
    let mut lines = Vec::new();
    for name in recording::NAMES {
        let out = Shared::default();
        replay(recording::named(name).unwrap(), Json::new(out.clone())).await;
        lines.extend(out.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn every_line_of_every_recorded_run_is_valid_and_has_no_field_that_is_not_told() {
    let schema = strict();
    for line in recorded().await {
        if let Err(error) = schema.validate(&line) {
            panic!("{error} at {}: {line}", error.instance_path());
        }
    }
}

/// A schema that lets everything pass would be held by the test above as well.
#[tokio::test(start_paused = true)]
async fn a_line_without_one_of_its_fields_or_with_another_is_not_valid() {
    let schema = strict();
    for line in recorded().await {
        for field in line.as_object().unwrap().keys() {
            let mut broken = line.clone();
            broken.as_object_mut().unwrap().remove(field);
            assert!(!schema.is_valid(&broken), "{field}: {line}");
        }
        let mut broken = line.clone();
        broken["surprise"] = json!(1);
        assert!(!schema.is_valid(&broken), "{line}");
    }
}
