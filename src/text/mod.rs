//! One way to compare and search text: for memory and SQL alike, the same in all languages.
//!
//! [`folded`] makes the key by which text is ordered; [`words`] makes the tokens that are stored for search and that a
//! typed query is cut into. Case and accents do not count; Chinese and Japanese, which do not set words apart, are cut
//! into pairs of neighbouring characters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text without case and accents: decomposed by compatibility, marks dropped, in lower case.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).flat_map(special).collect()
}

/// Letters that people type as others but that do not decompose.
fn special(c: char) -> impl Iterator<Item = char> {
    let pair = match c {
        'ß' => ['s', 's'],
        'æ' => ['a', 'e'],
        'œ' => ['o', 'e'],
        'ø' => ['o', '\0'],
        'đ' | 'ð' => ['d', '\0'],
        'ł' => ['l', '\0'],
        'ı' => ['i', '\0'],
        'þ' => ['t', 'h'],
        other => [other, '\0'],
    };
    pair.into_iter().enumerate().filter(|(at, c)| *at == 0 || *c != '\0').map(|(_, c)| c)
}

/// Han, Kana and half-width Kana: written without spaces between words.
const fn unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Cuts folded text into runs of one script and hands each on: `(run, written without spaces)`.
fn runs(folded: &str, mut each: impl FnMut(&str, bool)) {
    let mut start = None;
    let mut kind = false;
    for (at, c) in folded.char_indices() {
        let belongs = c.is_alphanumeric();
        if let Some(from) = start
            && (!belongs || unspaced(c) != kind)
        {
            each(folded.get(from..at).unwrap_or_default(), kind);
            start = None;
        }
        if belongs && start.is_none() {
            start = Some(at);
            kind = unspaced(c);
        }
    }
    if let Some(from) = start {
        each(folded.get(from..).unwrap_or_default(), kind);
    }
}

/// Appends the tokens of a text to `into`, each with a space behind it.
///
/// Of text without spaces, every character and every pair of neighbours is a token, so that one character is found too.
pub fn words(text: &str, into: &mut String) {
    runs(&folded(text), |run, pairs| {
        if pairs {
            let mut previous: Option<char> = None;
            for c in run.chars() {
                if let Some(previous) = previous {
                    into.push(previous);
                    into.push(c);
                    into.push(' ');
                }
                previous = Some(c);
            }
            // A single character is found as the prefix of the pair it begins; the last one begins none.
            into.extend(previous);
            into.push(' ');
        } else {
            into.push_str(run);
            into.push(' ');
        }
    });
}

/// A typed query: every term must be the prefix of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    terms: Vec<String>,
}

/// The most terms of a query that count; what is typed beyond them does not narrow further.
const TERMS_LIMIT: usize = 24;

impl Query {
    /// Cuts what was typed into terms. Of text without spaces, all pairs must be there.
    pub fn typed(text: &str) -> Self {
        let mut terms: Vec<String> = Vec::new();
        runs(&folded(text), |run, pairs| {
            let mut neighbours = run.chars().zip(run.chars().skip(1)).peekable();
            if pairs && neighbours.peek().is_some() {
                terms.extend(neighbours.map(|(one, two)| [one, two].iter().collect()));
            } else {
                terms.push(run.to_owned());
            }
        });
        terms.sort_unstable();
        terms.dedup();
        terms.truncate(TERMS_LIMIT);
        Self { terms }
    }

    /// Nothing was typed that could narrow.
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The query in the language of the full-text index. Terms hold letters and digits only, so nothing needs escaping
    /// but the quotes that keep a term from being read as an operator.
    pub fn for_index(&self) -> String {
        self.terms.iter().map(|term| format!("\"{term}\"*")).collect::<Vec<_>>().join(" AND ")
    }

    /// Whether stored tokens answer the query: what the index does, in memory.
    pub fn matches(&self, tokens: &str) -> bool {
        self.terms.iter().all(|term| tokens.split(' ').any(|token| token.starts_with(term.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str, typed: &str) -> bool {
        let mut tokens = String::new();
        words(text, &mut tokens);
        Query::typed(typed).matches(&tokens)
    }

    #[test]
    fn case_and_accents_do_not_count_and_every_typed_word_is_a_prefix() {
        assert!(found("Épinay – Salle réseau 2", "salle EPI"));
        assert!(found("Straße Düsseldorf", "strasse dussel"));
        assert!(found("Łódź Ørsted", "lodz orsted"));
        assert!(!found("Épinay – Salle réseau 2", "salle 3"));
        assert!(!found("reseau", "eseau"));
        assert!(found("rack R-07", "r-07"));
    }

    #[test]
    fn chinese_and_japanese_are_found_in_the_middle_and_by_one_character() {
        assert!(found("東京データセンター", "京デ"));
        assert!(found("東京データセンター", "データセンター"));
        assert!(found("東京データセンター", "ー"));
        assert!(found("上海机房UPS室", "机房 ups"));
        assert!(!found("東京データセンター", "京都"));
    }

    #[test]
    fn what_looks_like_an_operator_of_the_index_is_only_text() {
        assert_eq!(Query::typed("ups AND \"x* NEAR(").for_index(), "\"and\"* AND \"near\"* AND \"ups\"* AND \"x\"*");
        assert!(Query::typed(" -- \"' ").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_each_of_its_own_words_and_folding_twice_changes_nothing(text in "\\PC{0,40}") {
            prop_assert_eq!(folded(&folded(&text)), folded(&text));
            prop_assert!(found(&text, &text));
            for word in text.split_whitespace() {
                prop_assert!(found(&text, word), "{word:?} in {text:?}");
            }
        }
    }
}
