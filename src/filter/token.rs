//! A filter's text cut into tokens.

use winnow::{
    LocatingSlice, ModalResult, Parser,
    ascii::multispace0,
    combinator::{alt, cut_err, delimited, fail, preceded, repeat},
    error::{ContextError, StrContext},
    stream::Location,
    token::{any, none_of, one_of, take_while},
};

use super::error::FilterError;

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A field, an operator in letters, or a connective.
    Word(String),
    Literal(Literal),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, or `!` before `in` and `like`.
    Symbol(&'static str),
    Open,
    Close,
    Comma,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// What was in quotes, without escapes.
    Text(String),
    /// A number or a time, as it was written.
    Bare(String),
}

type Input<'a> = LocatingSlice<&'a str>;

/// Tokens with the byte at which each begins.
pub fn tokens(text: &str) -> Result<Vec<(Token, usize)>, FilterError> {
    let spaced = preceded(multispace0, token.with_span()).map(|(token, span)| (token, span.start));
    let mut all = (repeat(0.., spaced), multispace0).map(|(tokens, _): (Vec<_>, _)| tokens);
    let mut input = LocatingSlice::new(text);
    let read = all.parse_next(&mut input);
    let position = input.current_token_start();
    let fault = |message: &str| Err(FilterError::new(position, message));
    match read {
        Ok(tokens) if input.is_empty() => Ok(tokens),
        Ok(_) => fault("no filter goes on like this"),
        Err(error) => {
            let told = error.into_inner().ok().and_then(|context: ContextError| {
                context.context().find_map(|context| match context {
                    StrContext::Label(label) => Some(*label),
                    _ => None,
                })
            });
            fault(told.unwrap_or("no filter goes on like this"))
        }
    }
}

fn token(input: &mut Input<'_>) -> ModalResult<Token> {
    alt((
        word.map(|word: &str| Token::Word(word.to_owned())),
        bare.map(|text: &str| Token::Literal(Literal::Bare(text.to_owned()))),
        quoted('\'').map(|text| Token::Literal(Literal::Text(text))),
        quoted('"').map(|text| Token::Literal(Literal::Text(text))),
        alt(("!=", "<=", ">=", "=", "<", ">", "!")).map(|symbol: &str| {
            let symbols = ["!=", "<=", ">=", "=", "<", ">", "!"];
            let known = symbols.into_iter().find(|known| *known == symbol);
            Token::Symbol(known.expect("the parser takes these alone"))
        }),
        '('.value(Token::Open),
        ')'.value(Token::Close),
        ','.value(Token::Comma),
    ))
    .parse_next(input)
}

fn word<'a>(input: &mut Input<'a>) -> ModalResult<&'a str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let more = |c: char| c.is_ascii_alphanumeric() || "_.:/-".contains(c);
    (one_of(first), take_while(0.., more))
        .take()
        .parse_next(input)
}

fn bare<'a>(input: &mut Input<'a>) -> ModalResult<&'a str> {
    let first = |c: char| c.is_ascii_digit() || c == '-';
    let more = |c: char| c.is_ascii_alphanumeric() || ":.+-".contains(c);
    (one_of(first), take_while(0.., more))
        .take()
        .parse_next(input)
}

fn quoted<'a>(quote: char) -> impl Parser<Input<'a>, String, winnow::error::ErrMode<ContextError>> {
    let plain = none_of([quote, '\\', '\0']);
    let escaped = preceded(
        '\\',
        cut_err(alt((one_of(['\'', '"', '\\']), broken_escape))),
    );
    let inside = repeat(0.., alt((escaped, plain)));
    delimited(
        quote,
        inside,
        cut_err(quote).context(StrContext::Label(
            "the quotes are not closed, or hold a null character",
        )),
    )
}

fn broken_escape(input: &mut Input<'_>) -> ModalResult<char> {
    let _: Option<char> = any::<_, winnow::error::ErrMode<ContextError>>
        .parse_next(&mut input.clone())
        .ok();
    fail.context(StrContext::Label(
        r"a backslash in quotes stands before a quote or a backslash",
    ))
    .parse_next(input)
}
