//! Licences of everything that is linked in, held to the list in `deny.toml`.

use std::fs;

use crate::{none, source::ROOT, workspace::PACKAGES};

#[test]
fn every_package_has_a_licence_that_deny_toml_allows() {
    let rules: toml::Table = fs::read_to_string(ROOT.join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let allowed: Vec<&str> = rules["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|id| id.as_str())
        .collect();
    let refused = PACKAGES.iter().filter(|package| {
        let stated = package.licence.as_deref().unwrap_or_default();
        !is_met(stated, &allowed)
    });
    none(
        refused
            .map(|package| format!("{}: licence {:?}", package.name, package.licence))
            .collect(),
    );
}

/// Whether an SPDX expression can be met by the allowed licences alone. An exception is part of its licence's name.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(" WITH ", "+WITH+");
    let mut tokens = spaced.split_whitespace().peekable();
    let met = any(&mut tokens, allowed);
    met && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(tokens: &mut Tokens, allowed: &[&str]) -> bool {
    let mut met = all(tokens, allowed);
    while tokens.next_if_eq(&"OR").is_some() {
        met |= all(tokens, allowed);
    }
    met
}

fn all(tokens: &mut Tokens, allowed: &[&str]) -> bool {
    let mut met = one(tokens, allowed);
    while tokens.next_if_eq(&"AND").is_some() {
        met &= one(tokens, allowed);
    }
    met
}

fn one(tokens: &mut Tokens, allowed: &[&str]) -> bool {
    match tokens.next() {
        Some("(") => {
            let met = any(tokens, allowed);
            tokens.next() == Some(")") && met
        }
        Some(id) => allowed.contains(&id.replace("+WITH+", " WITH ").as_str()),
        None => false,
    }
}

#[test]
fn an_expression_is_met_only_by_enough_licences() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"];
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "(GPL-3.0 OR MIT) AND Zlib",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "Apache-2.0",
        "(MIT OR Zlib) AND GPL-3.0",
        "(MIT",
        "MIT Zlib",
    ] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}
