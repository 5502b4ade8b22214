//! "Did you mean": the names that a misspelt one may stand for.

/// The names that are near to `name`, the nearest first, three at most.
///
/// Near means that at most a third of the letters differ, rustc's own rule, or that one name begins with the other. Letter
/// case does not count, and neighbours that changed places count as one difference.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> =
        known.into_iter().filter_map(|candidate| Some((distance(name, candidate)?, candidate))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Whether `name` may stand for `known`; see [`nearest`].
#[must_use]
pub fn is_near(name: &str, known: &str) -> bool {
    distance(name, known).is_some()
}

/// How many letters differ, if the names are near.
fn distance(name: &str, known: &str) -> Option<usize> {
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    let distance = strsim::damerau_levenshtein(&name, &known);
    let longer = name.chars().count().max(known.chars().count());
    let prefix = name.len() >= 3 && known.starts_with(&name) || known.len() >= 3 && name.starts_with(&known);
    (distance <= (longer / 3).max(1) && distance < longer || prefix).then_some(distance)
}

/// The nearest names as the end of a message: `` did you mean `a` or `b`? ``, or what there is if nothing is near.
///
/// `what` names the known things in the plural, as in "the registered pipelines are". Empty if nothing is known.
#[must_use]
pub fn did_you_mean(name: &str, known: &[&str], what: &str) -> String {
    match nearest(name, known.iter().copied()).as_slice() {
        [] if known.is_empty() => String::new(),
        [] => {
            let mut once: Vec<&str> = Vec::with_capacity(known.len());
            for &name in known {
                if !once.contains(&name) {
                    once.push(name);
                }
            }
            format!("{what} are {}", list(&once, "and"))
        }
        near => format!("did you mean {}?", list(near, "or")),
    }
}

/// Names as a sentence has them: `` `a`, `b` or `c` `` with the word "or".
#[must_use]
pub fn list(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_near() {
        let known = ["companies", "reviews", "shuttles", "model"];
        assert_eq!(nearest("companie", known), ["companies"]);
        assert_eq!(nearest("Reviews", known), ["reviews"]);
        assert_eq!(nearest("modle", known), ["model"]);
        assert_eq!(nearest("weather", known), Vec::<&str>::new());
    }

    #[test]
    fn short_names_are_near_only_by_one_letter_of_several() {
        assert_eq!(nearest("A", ["B", "C"]), Vec::<&str>::new());
        assert_eq!(nearest("a", ["A"]), ["A"]);
        assert_eq!(nearest("xs", ["x", "ys", "zt"]), ["x", "ys"]);
    }

    #[test]
    fn a_message_names_the_near_or_all() {
        assert_eq!(did_you_mean("trian", &["train", "score"], "the nodes"), "did you mean `train`?");
        assert_eq!(did_you_mean("weather", &["a", "b"], "the nodes"), "the nodes are `a` and `b`");
        assert_eq!(did_you_mean("weather", &[], "the nodes"), "");
    }
}
