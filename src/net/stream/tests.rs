//! The splitter against a JSON library: any document, any pieces, any hostile bytes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::net::{Breakage, Fault, Stranger};

/// What came out of a body: elements as text by array, rows passed over, and the end.
#[derive(Debug, Default)]
struct Heard {
    elements: Vec<(&'static str, u64, String)>,
    skipped: Vec<SkippedRow>,
    end: Option<Result<FeedEnd, Fault>>,
}

impl Heard {
    fn values(&self, array: &str) -> Vec<Value> {
        let of_array = self.elements.iter().filter(|(name, _, _)| *name == array);
        of_array.map(|(_, _, text)| serde_json::from_str(text).unwrap()).collect()
    }

    fn end(self) -> Result<FeedEnd, Fault> {
        self.end.unwrap()
    }
}

fn wanted() -> Wanted {
    Wanted::default().array("alarms").array_if_any("removed").number("offset").number_if_any("limit")
}

fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Heard {
    let (mut splitter, mut heard) = (Splitter::new(wanted()), Heard::default());
    for piece in pieces {
        let fed = splitter.feed(piece, &mut |part| match part {
            Part::Element { array, index, json } => {
                heard.elements.push((array, index, String::from_utf8_lossy(json).into_owned()));
            }
            Part::Skipped(row) => heard.skipped.push(row),
        });
        if let Err(fault) = fed {
            heard.end = Some(Err(fault));
            return heard;
        }
    }
    heard.end = Some(splitter.finish());
    heard
}

fn split_text(text: &str) -> Heard {
    split([text.as_bytes()])
}

#[test]
fn elements_and_numbers_are_found_among_keys_in_any_order() {
    let heard = split_text(
        r#" { "x":{"alarms":[9]}, "removed" : ["a" , "b"],"offset": 12 ,"y":[[],{}], "alarms":[{"id":"1"},[2],3,null,"]"],"z":-1e5} "#,
    );
    assert_eq!(heard.values("alarms"), [json!({"id": "1"}), json!([2]), json!(3), Value::Null, json!("]")]);
    assert_eq!(heard.values("removed"), [json!("a"), json!("b")]);
    let end = heard.end().unwrap();
    assert_eq!((end.number("offset"), end.number("limit"), end.elements), (Some(12), None, 7));
}

#[test]
fn escaped_keys_quoted_numbers_and_a_byte_order_mark_are_taken() {
    let heard = split_text("\u{feff}{\"\\u0061larms\":[1],\"offset\":\"9007199254740993\"}");
    assert_eq!(heard.values("alarms"), [json!(1)]);
    assert_eq!(heard.end().unwrap().number("offset"), Some(9_007_199_254_740_993));
}

#[test]
fn of_a_number_that_comes_twice_the_last_counts_and_arrays_that_come_twice_are_both_given() {
    let heard = split_text(r#"{"alarms":[1],"offset":1,"alarms":[2],"offset":2}"#);
    assert_eq!(heard.elements, [("alarms", 0, "1".to_owned()), ("alarms", 0, "2".to_owned())]);
    assert_eq!(heard.end().unwrap().number("offset"), Some(2));
}

#[test]
fn a_body_that_ends_early_is_broken_but_what_came_is_given() {
    let whole = r#"{"offset":5,"alarms":[{"id":1},{"id":2}]}"#;
    for length in 0..whole.len() {
        let heard = split_text(&whole[..length]);
        assert_eq!(heard.elements.len(), whole[..length].matches('}').count(), "{length}");
        assert_eq!(heard.end(), Err(Fault::AnswerBroken(Breakage::EndedEarly)), "{length}");
    }
}

#[test]
fn what_is_no_object_or_lacks_what_must_be_there_is_a_strangers() {
    for text in [
        "<!doctype html><html>",
        "[1,2]",
        "\"text\"",
        "null",
        "{}",
        r#"{"status":"ok"}"#,
        r#"{"offset":1}"#,
        r#"{"alarms":[]}"#,
        r#"{"alarms":[],"offset":null}"#,
        r#"{"alarms":[],"offset":1.5}"#,
        r#"{"alarms":null,"offset":1}"#,
        r#"{"alarms":{},"offset":1}"#,
    ] {
        assert_eq!(split_text(text).end(), Err(Fault::NotOurServer(Stranger::Shape)), "{text}");
    }
}

#[test]
fn what_is_no_json_is_broken() {
    for text in [
        r#"{"alarms":[1],"offset":1} x"#,
        r#"{"alarms":[1],"offset":1}{}"#,
        r#"{"alarms":[1,],"offset":1}"#,
        r#"{"alarms":[,1],"offset":1}"#,
        r#"{"alarms":[1}"#,
        r#"{"alarms":[{"a":[}]}]"#,
        r#"{"alarms":[1]:"offset":1}"#,
        r#"{"alarms":[1],}"#,
        r#"{"alarms" [1]}"#,
        r#"{alarms:[1]}"#,
        r#"{"a":}"#,
        r#"{,}"#,
    ] {
        assert_eq!(split_text(text).end(), Err(Fault::AnswerBroken(Breakage::NotJson)), "{text}");
    }
}

#[test]
fn an_element_with_bad_insides_costs_only_itself() {
    let heard = split_text(r#"{"alarms":[{"a":tru},{"b":1}],"offset":1}"#);
    let good: Vec<bool> =
        heard.elements.iter().map(|(_, _, text)| serde_json::from_str::<Value>(text).is_ok()).collect();
    assert_eq!(good, [false, true]);
    assert_eq!(heard.end().unwrap().elements, 2);
}

const ID: &str = "0b7e0f0a-1111-4c1d-8a10-0000000000c1";

#[test]
fn an_element_that_is_too_large_is_counted_with_its_id_and_the_next_one_is_given() {
    let long = "\\\"é".repeat(400_000);
    let text = format!(r#"{{"alarms":[1,{{"id":"{ID}","label":"{long}","x":{{}}}},2],"offset":3}}"#);
    for size in [7, 8_192, text.len()] {
        let heard = split(text.as_bytes().chunks(size));
        assert_eq!(heard.values("alarms"), [json!(1), json!(2)]);
        assert_eq!(heard.elements[1].1, 2, "places are counted with the one passed over");
        let row = SkippedRow { array: "alarms", index: 1, reason: SkipReason::TooLarge, id: Some(ID.parse().unwrap()) };
        assert_eq!(heard.skipped, [row]);
        assert_eq!(heard.end().unwrap().skipped, 1);
    }
}

#[test]
fn exactly_a_mebibyte_is_not_too_large() {
    let element = |size: usize| format!(r#"{{"alarms":["{}"],"offset":3}}"#, "x".repeat(size - 2));
    assert_eq!(split_text(&element(ELEMENT_SIZE)).end().unwrap().elements, 1);
    assert_eq!(split_text(&element(ELEMENT_SIZE + 1)).end().unwrap().skipped, 1);
    assert_eq!(split(element(ELEMENT_SIZE).as_bytes().chunks(999)).end().unwrap().elements, 1);
    assert_eq!(split(element(ELEMENT_SIZE + 1).as_bytes().chunks(999)).end().unwrap().skipped, 1);
}

#[test]
fn an_element_that_is_too_deep_is_counted_and_the_next_one_is_given() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = format!(r#"{{"alarms":[{},{},{},7],"offset":3}}"#, nested(64), nested(65), nested(100_000));
    let heard = split(text.as_bytes().chunks(1_000));
    assert_eq!(heard.elements.iter().map(|(_, index, _)| *index).collect::<Vec<_>>(), [0, 3]);
    assert!(heard.skipped.iter().all(|row| row.reason == SkipReason::TooDeep && row.id.is_none()));
    assert_eq!(heard.end().unwrap().skipped, 2);
}

#[test]
fn the_id_of_a_row_passed_over_is_not_taken_from_a_text() {
    let long = "x".repeat(ELEMENT_SIZE);
    let text = format!(r#"{{"alarms":[{{"a":"\"id\":\"{ID}\"","b":"id","id" : "no uuid","l":"{long}"}}],"offset":3}}"#);
    assert_eq!(split_text(&text).skipped[0].id, None);
}

/// Any JSON value, with all that makes text hard.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z\"\\\\{}\\[\\],: \n\u{e9}\u{1f600}]{0,12}", Just("alarms".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

/// A feed's body with unknown keys around what is wanted.
fn any_body() -> impl Strategy<Value = Value> {
    let arrays = (prop::collection::vec(any_json(), 0..6), prop::collection::vec(any_json(), 0..3));
    let others = prop::collection::vec(("[a-z\"]{0,6}", any_json()), 0..4);
    (arrays, any::<i64>(), others).prop_map(|((alarms, removed), offset, others)| {
        let mut body = Map::from_iter(others);
        body.insert("alarms".to_owned(), Value::from(alarms));
        body.insert("removed".to_owned(), Value::from(removed));
        body.insert("offset".to_owned(), Value::from(offset));
        body.remove("limit");
        Value::Object(body)
    })
}

proptest! {
    #[test]
    fn any_body_in_any_pieces_gives_what_a_whole_reader_gives(
        body in any_body(), pretty: bool, cuts in prop::collection::vec(1_usize..60, 1..8),
    ) {
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();
        // What a whole reader makes of it: reading a fraction is not exact to the last digit.
        let body: Value = serde_json::from_str(&text).unwrap();
        let (mut pieces, mut rest, mut cuts) = (Vec::new(), text.as_bytes(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        let heard = split(pieces);
        prop_assert_eq!(Value::from(heard.values("alarms")), body["alarms"].clone());
        prop_assert_eq!(Value::from(heard.values("removed")), body["removed"].clone());
        let places: Vec<u64> = heard.elements.iter().filter(|(name, ..)| *name == "alarms").map(|(_, at, _)| *at).collect();
        prop_assert_eq!(places, (0..body["alarms"].as_array().unwrap().len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(heard.end().unwrap().number("offset"), body["offset"].as_i64());
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..40) {
        split(bytes.chunks(size));
    }

    #[test]
    fn a_good_body_with_bytes_changed_is_survived_and_never_gives_more_than_its_bytes(
        body in any_body(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), size in 1_usize..40,
    ) {
        let mut bytes = serde_json::to_vec(&body).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let heard = split(bytes.chunks(size));
        // Bytes that are no UTF-8 are shown as three.
        prop_assert!(heard.elements.iter().map(|(_, _, text)| text.len()).sum::<usize>() <= 3 * bytes.len());
    }

    #[test]
    fn the_same_hostile_bytes_end_the_same_however_they_are_cut(
        bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\a1 \n".to_vec()), 0..40), size in 1_usize..8,
    ) {
        let mut text = br#"{"offset":1,"alarms":["#.to_vec();
        text.extend(bytes);
        let (whole, cut) = (split([text.as_slice()]), split(text.chunks(size)));
        prop_assert_eq!(whole.elements, cut.elements);
        prop_assert_eq!(whole.end, cut.end);
    }
}
