//! From tokens to the syntax tree of a filter.

use super::lexer::{self, Placed, Token};
use super::number::Number;
use super::{limits, text};
use std::cmp::Ordering;

/// A node of the syntax tree.
#[derive(Debug)]
pub(super) enum Expr {
    Literal(Literal),
    /// Names with slashes between them.
    Path(Vec<String>),
    Call {
        name: String,
        arguments: Vec<Expr>,
    },
    Not(Box<Expr>),
    Logical {
        operator: Logical,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Comparison {
        operator: Comparison,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    In {
        needle: Box<Expr>,
        list: Vec<Literal>,
    },
    Lambda {
        path: Vec<String>,
        quantifier: Quantifier,
        /// The range variable and what is said of it; `any()` has none.
        predicate: Option<(String, Box<Expr>)>,
    },
}

/// A constant.
#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    Text(String),
    /// In lower case.
    Guid(String),
    Number(Number),
    /// Seconds since 1970.
    Moment(Number),
    /// A date without a time.
    Date,
}

/// `and`, `or`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Logical {
    And,
    Or,
}

/// `any`, `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// `eq`, `ne`, `gt`, `ge`, `lt`, `le`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
}

impl Comparison {
    /// The operator that says the same with the operands swapped.
    pub(super) fn flipped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::GreaterThan => Self::LessThan,
            Self::GreaterThanOrEqual => Self::LessThanOrEqual,
            Self::LessThan => Self::GreaterThan,
            Self::LessThanOrEqual => Self::GreaterThanOrEqual,
        }
    }

    /// Whether it is true of operands that stand in this order.
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanOrEqual => ordering.is_ge(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanOrEqual => ordering.is_le(),
        }
    }

    /// The name it has in texts.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Equal => "Equal",
            Self::NotEqual => "NotEqual",
            Self::GreaterThan => "GreaterThan",
            Self::GreaterThanOrEqual => "GreaterThanOrEqual",
            Self::LessThan => "LessThan",
            Self::LessThanOrEqual => "LessThanOrEqual",
        }
    }
}

/// What may stand between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Logical(Logical),
    Comparison(Comparison),
    In,
    /// Part of the language, but not offered: its group and kind.
    Refused(&'static str, &'static str),
}

/// How tight an operator binds; `not` takes what binds tighter than
/// comparisons do.
type Power = u8;
const LOOSEST: Power = 0;
const TIGHTEST: Power = 5;

impl Infix {
    fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "or" => Self::Logical(Logical::Or),
            "and" => Self::Logical(Logical::And),
            "eq" => Self::Comparison(Comparison::Equal),
            "ne" => Self::Comparison(Comparison::NotEqual),
            "gt" => Self::Comparison(Comparison::GreaterThan),
            "ge" => Self::Comparison(Comparison::GreaterThanOrEqual),
            "lt" => Self::Comparison(Comparison::LessThan),
            "le" => Self::Comparison(Comparison::LessThanOrEqual),
            "in" => Self::In,
            "has" => Self::Refused("Logical", "Has"),
            "add" => Self::Refused("Arithmetic", "Add"),
            "sub" => Self::Refused("Arithmetic", "Subtract"),
            "mul" => Self::Refused("Arithmetic", "Multiply"),
            "div" | "divby" => Self::Refused("Arithmetic", "Divide"),
            "mod" => Self::Refused("Arithmetic", "Modulo"),
            _ => return None,
        })
    }

    fn power(self) -> Power {
        match self {
            Self::Logical(Logical::Or) => 1,
            Self::Logical(Logical::And) => 2,
            Self::Comparison(Comparison::Equal | Comparison::NotEqual) => 3,
            Self::Comparison(_) => 4,
            Self::In | Self::Refused(..) => TIGHTEST,
        }
    }
}

/// Reads a filter.
pub(super) fn parse(source: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        source,
        tokens: lexer::tokens(source)?,
        at: 0,
        nodes: 0,
        depth: 0,
    };
    let expr = parser.expression(LOOSEST)?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.syntax_error()),
    }
}

struct Parser<'a> {
    source: &'a str,
    /// Ends with [`Token::End`], which is never passed.
    tokens: Vec<Placed>,
    at: usize,
    nodes: usize,
    depth: usize,
}

type Parsed<T = Expr> = Result<T, String>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn position(&self) -> usize {
        self.tokens[self.at].1
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if !matches!(token, Token::End) {
            self.at += 1;
        }
        token
    }

    /// Takes the next token if it is of this sort.
    fn take(&mut self, wanted: &Token) -> bool {
        let found = std::mem::discriminant(self.peek()) == std::mem::discriminant(wanted);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, wanted: &Token, what: &str) -> Parsed<()> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.expected(what)),
        }
    }

    fn expected(&self, what: &str) -> String {
        text::expected(what, self.position(), self.source)
    }

    fn syntax_error(&self) -> String {
        text::syntax_error(self.position(), self.source)
    }

    /// Counts a node of the tree.
    fn node<T>(&mut self, node: T) -> Parsed<T> {
        self.nodes += 1;
        match self.nodes > limits::NODES {
            true => Err(text::too_many_nodes()),
            false => Ok(node),
        }
    }

    /// Reads something inside something else.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == limits::DEPTH {
            return Err(text::TOO_DEEP.to_owned());
        }
        self.depth += 1;
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// Operands with operators that bind at least as tight as `loosest`.
    fn expression(&mut self, loosest: Power) -> Parsed {
        let mut left = self.operand()?;
        while let Some(infix) = self.infix().filter(|infix| infix.power() >= loosest) {
            self.advance();
            left = self.infix_with(infix, left)?;
        }
        Ok(left)
    }

    fn infix(&self) -> Option<Infix> {
        match self.peek() {
            Token::Word(word) => Infix::of(word),
            _ => None,
        }
    }

    /// The rest of an operation whose operator is read.
    fn infix_with(&mut self, infix: Infix, left: Expr) -> Parsed {
        let left = Box::new(left);
        let expr = match infix {
            Infix::Refused(group, kind) => return Err(text::operator_refused(group, kind)),
            Infix::In => {
                let list = self.list()?;
                Expr::In { needle: left, list }
            }
            Infix::Logical(operator) => {
                let right = Box::new(self.expression(infix.power() + 1)?);
                Expr::Logical {
                    operator,
                    left,
                    right,
                }
            }
            Infix::Comparison(operator) => {
                let right = Box::new(self.expression(infix.power() + 1)?);
                Expr::Comparison {
                    operator,
                    left,
                    right,
                }
            }
        };
        self.node(expr)
    }

    fn list(&mut self) -> Parsed<Vec<Literal>> {
        self.expect(&Token::Open, "'('")?;
        let mut list = Vec::new();
        loop {
            let Some(member) = literal(self.peek()) else {
                return Err(self.expected("Expression"));
            };
            self.advance();
            list.push(self.node(member)?);
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::Close, "')' or ','")?;
        Ok(list)
    }

    fn operand(&mut self) -> Parsed {
        if let Some(literal) = literal(self.peek()) {
            self.advance();
            return self.node(Expr::Literal(literal));
        }
        match self.peek() {
            Token::Open => self.group(),
            Token::Word(word) if word.eq_ignore_ascii_case("not") => self.not(),
            Token::Word(_) => self.name(),
            _ => Err(self.expected("Expression")),
        }
    }

    fn group(&mut self) -> Parsed {
        self.advance();
        let inner = self.nested(|parser| parser.expression(LOOSEST))?;
        self.expect(&Token::Close, "')' or operator")?;
        Ok(inner)
    }

    fn not(&mut self) -> Parsed {
        self.advance();
        let operand = self.nested(|parser| parser.expression(TIGHTEST))?;
        self.node(Expr::Not(Box::new(operand)))
    }

    /// A property, a call or a question to a collection.
    fn name(&mut self) -> Parsed {
        let first = self.word()?;
        if self.take(&Token::Open) {
            return self.nested(|parser| parser.call(first));
        }
        let mut path = vec![first];
        while self.take(&Token::Slash) {
            let segment = self.word()?;
            if let Some(quantifier) = quantifier(&segment).filter(|_| self.take(&Token::Open)) {
                return self.nested(|parser| parser.lambda(path, quantifier));
            }
            path.push(segment);
        }
        self.node(Expr::Path(path))
    }

    fn word(&mut self) -> Parsed<String> {
        let Token::Word(word) = self.peek() else {
            return Err(self.expected("Expression"));
        };
        let word = word.clone();
        self.advance();
        Ok(word)
    }

    /// The rest of a call whose opening parenthesis is read.
    fn call(&mut self, name: String) -> Parsed {
        let mut arguments = Vec::new();
        if !self.take(&Token::Close) {
            loop {
                arguments.push(self.expression(LOOSEST)?);
                if !self.take(&Token::Comma) {
                    break;
                }
            }
            self.expect(&Token::Close, "')' or ','")?;
        }
        self.node(Expr::Call { name, arguments })
    }

    /// The rest of an `any` or `all` whose opening parenthesis is read.
    fn lambda(&mut self, path: Vec<String>, quantifier: Quantifier) -> Parsed {
        let empty = quantifier == Quantifier::Any && self.take(&Token::Close);
        let predicate = match empty {
            true => None,
            false => Some(self.predicate()?),
        };
        self.node(Expr::Lambda {
            path,
            quantifier,
            predicate,
        })
    }

    fn predicate(&mut self) -> Parsed<(String, Box<Expr>)> {
        let variable = self.word()?;
        if !self.take(&Token::Colon) {
            return Err(self.syntax_error());
        }
        let body = self.expression(LOOSEST)?;
        self.expect(&Token::Close, "')' or operator")?;
        Ok((variable, Box::new(body)))
    }
}

fn quantifier(word: &str) -> Option<Quantifier> {
    match word {
        "any" => Some(Quantifier::Any),
        "all" => Some(Quantifier::All),
        _ => None,
    }
}

fn literal(token: &Token) -> Option<Literal> {
    Some(match token {
        Token::Text(text) => Literal::Text(text.clone()),
        Token::Guid(guid) => Literal::Guid(guid.clone()),
        Token::Number(number) => Literal::Number(number.clone()),
        Token::Moment(moment) => Literal::Moment(moment.clone()),
        Token::Date => Literal::Date,
        Token::Word(word) => keyword(word)?,
        _ => return None,
    })
}

fn keyword(word: &str) -> Option<Literal> {
    Some(match word.to_ascii_lowercase().as_str() {
        "null" => Literal::Null,
        "true" => Literal::Boolean(true),
        "false" => Literal::Boolean(false),
        _ => return None,
    })
}
