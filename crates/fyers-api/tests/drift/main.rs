//! FYERS changes its answers without notice. Every field of every answer that is read, bent in every way: whatever is
//! not required may be bent, and nothing required fails.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use serde_json::{Value, json};

mod answers;

use answers::{Answer, answers};

/// One step into a JSON value.
#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Element(usize),
}

/// Every place in a value, the value itself left out.
fn places(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let mut visit = |step: Step, inner: &Value| {
        let path: Vec<Step> = path.iter().cloned().chain([step]).collect();
        found.push(path.clone());
        places(inner, &path, found);
    };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| visit(Step::Field(name.clone()), inner));
        }
        Value::Array(all) => all.iter().enumerate().for_each(|(at, inner)| visit(Step::Element(at), inner)),
        _ => {}
    }
}

fn name(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Field(name) => format!(".{name}"),
        Step::Element(at) => format!("[{at}]"),
    };
    path.iter().map(step).collect()
}

fn at<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Field(name) => &mut value[name.as_str()],
        Step::Element(at) => &mut value[*at],
    })
}

/// The answer without this place, and with something else there.
fn mutations(answer: &Value, path: &[Step]) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some((Step::Field(name), outer)) = path.split_last() {
        let mut removed = answer.clone();
        at(&mut removed, outer).as_object_mut().unwrap().remove(name);
        all.push(removed);
    }
    let others =
        [Value::Null, json!([]), json!({}), json!(true), json!(-7.5), json!("odd"), json!(""), json!([{}])];
    all.extend(others.map(|other| {
        let mut bent = answer.clone();
        *at(&mut bent, path) = other;
        bent
    }));
    all
}

#[test]
fn whatever_happens_to_an_optional_field_nothing_required_fails() {
    let (mut fields, mut tried) = (0, 0);
    for Answer { call, body, required, read } in answers() {
        let mut found = Vec::new();
        places(&body, &[], &mut found);
        for required in required {
            assert!(
                found.iter().any(|path| name(path) == *required),
                "{call}: {required} is not in the answer"
            );
        }
        for path in found.iter().filter(|path| !required.contains(&name(path).as_str())) {
            fields += 1;
            for bent in mutations(&body, path) {
                tried += 1;
                let outcome = read(200, bent.to_string().as_bytes());
                assert_eq!(outcome, Ok(()), "{call}: {} in {bent}", name(path));
            }
        }
    }
    let all = answers().len();
    println!(
        "{fields} optional fields of {all} answers, {tried} mutations, 0 of them cost what was asked for"
    );
}

#[test]
fn without_what_it_is_asked_for_an_answer_is_none() {
    for Answer { call, body, required, read } in answers() {
        let mut found = Vec::new();
        places(&body, &[], &mut found);
        for path in found.iter().filter(|path| required.contains(&name(path).as_str())) {
            let removed = mutations(&body, path).swap_remove(0);
            assert!(read(200, removed.to_string().as_bytes()).is_err(), "{call}: {}", name(path));
        }
    }
}
