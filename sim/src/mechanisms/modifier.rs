//! Rules that go around other rules; the twin of `contracts/libraries/Modifier.sol`, which has the form of their parameters.
//!
//! The twin does not look at the inner rule's code, which the contract pins: it takes its name for granted.

use super::{Mechanism, Session, by_name, gas, grace, spread, within};
use crate::abi::{Decoder, Encoder, Malformed};
use crate::ask::{Answer, Ask, Envelope, Refusal, Shape};
use crate::market::{Diary, Ticket};
use crate::request::Request;
use crate::{Account, Id, Wei};

/// Most words that the market keeps, and most gas that it gives.
const MAX_WORDS: u8 = 8;
const MAX_GAS: u32 = 10_000_000;
/// Gas on top of the inner rule's, and which share of it.
const OVERHEAD: u32 = 20_000;
const OVERHEAD_SHARE: u32 = 16;

/// The rule that a modifier goes around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inner {
    /// Its contract.
    pub mechanism: Account,
    /// The hash of that contract's code.
    pub code_hash: Id,
    /// What it calls itself; at most 32 bytes.
    pub name: String,
}

impl Inner {
    /// How many words it takes.
    pub(super) const WORDS: usize = 3;

    /// The name is cut to what fits.
    pub(super) fn put(&self, to: Encoder) -> Encoder {
        let mut name = Id::default();
        name.iter_mut().zip(self.name.bytes()).for_each(|(to, from)| *to = from);
        to.account(&self.mechanism).word(&self.code_hash).word(&name)
    }

    pub(super) fn get(from: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let (mechanism, code_hash, name) = (from.account()?, from.word()?, from.word()?);
        let length = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let name = String::from_utf8(name[..length].to_vec()).map_err(|_| Malformed)?;
        Ok(Self { mechanism, code_hash, name })
    }
}

/// What a modifier does to the questions that it puts to the inner rule, and to the answers.
pub trait Modifier {
    /// What it goes around.
    fn inner(&self) -> &Inner;

    /// Words of its own, per request and per instance; they come after the inner rule's.
    fn words(&self) -> (u8, u8) {
        (0, 0)
    }

    /// Refuses senseless parameters of its own.
    ///
    /// # Errors
    /// [`Refusal::InvalidParam`].
    fn check(&self) -> Result<(), Refusal>;

    /// Refuses what does not fit the inner rule, whose flags these are.
    ///
    /// # Errors
    /// [`Refusal::InvalidParam`].
    fn suits(&self, _flags: u8) -> Result<(), Refusal> {
        Ok(())
    }

    /// A request as the inner rule sees it.
    fn seen(&self, request: &Request) -> Request {
        request.clone()
    }

    /// The worst case of a request, of which `inner` is what the inner rule says.
    fn envelope(&self, request: &Request, inner: Envelope) -> Envelope;

    /// Answers by itself, if the inner rule is not to be asked.
    ///
    /// # Errors
    /// To say no.
    fn judge(&self, _ask: &Ask) -> Result<Option<Answer>, Refusal> {
        Ok(None)
    }

    /// Changes what the inner rule answered.
    fn amend(&self, ask: &Ask, answer: &mut Answer);

    /// What an award is raised by at this base fee (wei per unit of gas), in the instance's token.
    fn raise(&self, _base_fee: u64) -> Wei {
        0
    }
}

/// A modifier with its parameters, and the inner rule's.
pub type Layer<'a> = (Box<dyn Modifier>, &'a [u8]);

/// A modifier's own parameters, read.
type Read = Result<Box<dyn Modifier>, Refusal>;

/// A modifier by its name.
pub struct Wrapper {
    name: &'static str,
    /// Bytes of its own parameters.
    size: usize,
    read: fn(&[u8]) -> Read,
}

/// See [`gas`].
pub static GAS: Wrapper =
    Wrapper { name: "gas", size: gas::SIZE, read: |own| Ok(Box::new(gas::GasParams::decode(own)?)) };
/// See [`grace`].
pub static GRACE: Wrapper =
    Wrapper { name: "grace", size: grace::SIZE, read: |own| Ok(Box::new(grace::GraceParams::decode(own)?)) };
/// See [`spread`].
pub static SPREAD: Wrapper =
    Wrapper { name: "spread", size: spread::SIZE, read: |own| Ok(Box::new(spread::SpreadParams::decode(own)?)) };

/// The outermost layer of the rule called `name`, if it is a modifier.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn layer<'a>(name: &str, params: &'a [u8]) -> Option<Result<Layer<'a>, Refusal>> {
    [&GAS, &GRACE, &SPREAD].into_iter().find(|wrapper| wrapper.name == name).map(|wrapper| wrapper.open(params))
}

/// The name of a rule with those of what it goes around, as in "gas(dutch)"; as far as the parameters can be read.
pub fn full_name(name: &str, params: &[u8]) -> String {
    match layer(name, params) {
        Some(Ok((modifier, inner))) => format!("{name}({})", full_name(&modifier.inner().name, inner)),
        _ => name.to_owned(),
    }
}

/// Whether the rule called `name` and all that it goes around have twins.
pub fn is_known(name: &str, params: &[u8]) -> bool {
    match layer(name, params) {
        Some(Ok((modifier, inner))) => is_known(&modifier.inner().name, inner),
        Some(Err(_)) => false,
        None => by_name(name).is_some(),
    }
}

/// A rule without the modifiers around it.
pub struct Core<'a> {
    /// The modifiers, the outermost first.
    pub layers: Vec<Box<dyn Modifier>>,
    /// What the rule is called.
    pub name: String,
    /// Its own parameters.
    pub params: &'a [u8],
    /// The request, as it sees it.
    pub request: Request,
}

/// What is inside of the rule called `name`; that rule itself if it is no modifier.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn core<'a>(name: &str, params: &'a [u8], request: &Request) -> Result<Core<'a>, Refusal> {
    let mut core = Core { layers: Vec::new(), name: name.to_owned(), params, request: request.clone() };
    while let Some(layer) = layer(&core.name, core.params) {
        let (modifier, params) = layer?;
        (core.request, core.params) = (modifier.seen(&core.request), params);
        core.name.clone_from(&modifier.inner().name);
        core.layers.push(modifier);
    }
    Ok(core)
}

impl Core<'_> {
    /// Its part of the words that are kept for the request.
    pub fn words<'w>(&self, words: &'w [Id]) -> &'w [Id] {
        let own: usize = self.layers.iter().map(|layer| usize::from(layer.words().0)).sum();
        &words[..words.len().saturating_sub(own)]
    }

    /// Its part of the words that are kept for the instance.
    pub fn shared<'w>(&self, shared: &'w [Id]) -> &'w [Id] {
        let own: usize = self.layers.iter().map(|layer| usize::from(layer.words().1)).sum();
        &shared[..shared.len().saturating_sub(own)]
    }

    /// What an award is raised by at this base fee (wei per unit of gas), in the instance's token.
    pub fn raise(&self, base_fee: u64) -> Wei {
        self.layers.iter().map(|layer| layer.raise(base_fee)).sum()
    }
}

/// Whether the modifiers in the rule called `name` let a question through to what is inside of them.
///
/// # Errors
/// The no of the one that does not.
pub fn admits(name: &str, ask: &Ask) -> Result<bool, Refusal> {
    match layer(name, &ask.params) {
        None => Ok(true),
        Some(layer) => {
            let (modifier, params) = layer?;
            let question = passed(&*modifier, params, ask)?;
            Ok(modifier.judge(ask)?.is_none() && admits(&modifier.inner().name, &question)?)
        }
    }
}

/// The question that the inner rule is asked, `params` being its own.
fn passed(modifier: &dyn Modifier, params: &[u8], ask: &Ask) -> Result<Ask, Refusal> {
    let (words, shared) = modifier.words();
    let less = |list: &[Id], own: u8| {
        list.len().checked_sub(own.into()).map(|left| list[..left].to_vec()).ok_or(Refusal::Malformed)
    };
    Ok(Ask {
        request: modifier.seen(&ask.request),
        params: params.to_vec(),
        words: less(&ask.words, words)?,
        shared: less(&ask.shared, shared)?,
        ..ask.clone()
    })
}

impl Wrapper {
    fn open<'a>(&self, params: &'a [u8]) -> Result<Layer<'a>, Refusal> {
        let (own, inner) = params.split_at_checked(self.size).ok_or(Refusal::Malformed)?;
        Ok(((self.read)(own)?, inner))
    }
}

fn twin(modifier: &dyn Modifier) -> Result<&'static dyn Mechanism, Refusal> {
    by_name(&modifier.inner().name).ok_or(Refusal::Malformed)
}

impl Mechanism for Wrapper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn check(&self, params: &[u8]) -> Result<Shape, Refusal> {
        let (modifier, params) = self.open(params)?;
        modifier.check()?;
        let shape = twin(&*modifier)?.check(params)?;
        let (words, shared) = modifier.words();
        within("words", shape.words, 0_u32, MAX_WORDS - words)?;
        within("shared", shape.shared, 0_u32, MAX_WORDS - shared)?;
        within("gas", shape.gas, 0_u32, MAX_GAS)?;
        modifier.suits(shape.flags)?;
        let gas = shape.gas + shape.gas / OVERHEAD_SHARE + OVERHEAD;
        Ok(Shape { words: shape.words + words, shared: shape.shared + shared, gas, ..shape })
    }

    fn envelope(&self, params: &[u8], request: &Request) -> Result<Envelope, Refusal> {
        let (modifier, params) = self.open(params)?;
        let inner = twin(&*modifier)?.envelope(params, &modifier.seen(request))?;
        Ok(modifier.envelope(request, inner))
    }

    fn step(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let (modifier, params) = self.open(&ask.params)?;
        let question = passed(&*modifier, params, ask)?;
        if let Some(answer) = modifier.judge(ask)? {
            return Ok(answer);
        }
        let mut answer = twin(&*modifier)?.step(&question)?;
        modifier.amend(ask, &mut answer);
        Ok(answer)
    }

    fn brief(&self, ask: &Ask, book: &[(Account, Ticket)]) -> Vec<u8> {
        let brief = || {
            let (modifier, params) = self.open(&ask.params)?;
            let question = passed(&*modifier, params, ask)?;
            Ok::<_, Refusal>(twin(&*modifier)?.brief(&question, book))
        };
        brief().unwrap_or_default()
    }

    fn session(&self, ask: &Ask, diary: &Diary<'_>) -> Session {
        let session = || {
            let (modifier, params) = self.open(&ask.params)?;
            let question = passed(&*modifier, params, ask)?;
            let lens = |request: &Request| modifier.seen(&diary.seen(request));
            let diary = diary.through(modifier.words().1.into(), &lens);
            Ok::<_, Refusal>(twin(&*modifier)?.session(&question, &diary))
        };
        session().unwrap_or_default()
    }
}
