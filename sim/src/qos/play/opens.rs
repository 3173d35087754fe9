//! Rules under which whoever brings a proof is paid.

use super::Scene;
use super::auctions::expire_at;
use crate::ask::Refusal;
use crate::mechanisms::committee::CommitteeParams;
use crate::mechanisms::race::RaceParams;
use crate::qos::stage::Stage;
use crate::qos::supply::Contender;
use crate::{Time, Wei};

/// Work in shards is so much more than in one piece, in percent.
const OVERHEAD: u64 = 20;
/// Seconds that it takes to put shards together.
const JOINING: Time = 2;

/// Provers join as long as an equal chance of the shares is worth their cost, the cheapest first; losers work for nothing.
pub(super) fn race(p: &RaceParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let request = stage.case.request.clone();
    let last = p.last_first(&request, stage.case.time);
    let begun = stage.now;
    let shares = p.shares(request.max_price);
    let worth = |runners: usize| shares.iter().take(runners).sum::<Wei>() / runners as Wei;
    let in_time = scene.cheap(begun).filter(|who| begun + who.expected <= last);
    // One runner more is dearer, and leaves no more for each: the first for whom it is not worth it is the last to ask.
    let joined = in_time.zip(1..).take_while(|(who, count)| who.reckoned <= worth(*count));
    let mut runners: Vec<_> = joined.map(|(who, _)| who).collect();

    let arrival = |who: &&Contender| begun + who.reaction + who.length;
    runners.retain(|who| !who.fails);
    runners.sort_by_key(|who| (arrival(who), who.number));
    for who in runners {
        let end = p.standing(&stage.case.words).map_or(last, |standing| standing.end);
        if !stage.open() || end < arrival(&who) {
            break;
        }
        stage.now = arrival(&who);
        stage.prove(who)?;
    }
    if stage.open() {
        let end = p.standing(&stage.case.words).map_or(last, |standing| standing.end);
        expire_at(end + 1, stage)?;
    }
    Ok(())
}

/// Provers take a seat where its pay covers their shard. When enough shards are there, the member whose turn comes first brings the whole.
pub(super) fn committee(p: &CommitteeParams, scene: &Scene<'_>, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let (opened, request) = (stage.case.time, stage.case.request.clone());
    let shard = |whole: u64| (whole * (100 + OVERHEAD)).div_ceil(100 * u64::from(p.needed));
    let pay = p.seat_pay(request.max_price, p.seats.into());
    let covers = |who: &&Contender| who.reckoned * Wei::from(100 + OVERHEAD) / (100 * Wei::from(p.needed)) <= pay;
    let in_time = |who: &&Contender| shard(who.expected) <= p.shards.into();
    let able = scene.crowd.prompt().filter(in_time).filter(covers);
    let enrolled = p.stage(&request, &stage.case.words, opened, opened)?.enrolled;
    for who in able.take(p.seats.into()).take_while(|who| opened + who.reaction <= enrolled) {
        stage.now = opened + who.reaction;
        stage.bid(who, 0, Vec::new())?;
    }

    let at = p.stage(&request, &stage.case.words, opened, enrolled + 1)?;
    let members: Vec<_> = at.crew.seats.iter().map(|seat| scene.find(seat)).collect::<Result<_, _>>()?;
    let kept = |who: &&&Contender| !who.fails;
    let mut shards: Vec<_> = members.iter().filter(kept).map(|who| at.start + shard(who.length)).collect();
    shards.sort_unstable();
    let ready = shards.get(usize::from(p.needed) - 1).filter(|_| at.begun).map(|last| last + JOINING);
    let turns = members.iter().enumerate().filter(|(_, who)| !who.fails);
    let brings = ready.and_then(|ready| {
        let turns = turns.map(|(seat, who)| (ready.max(p.turn(&at, Some(seat))), *who));
        turns.min_by_key(|(time, who)| (*time, who.number))
    });
    match brings.filter(|(time, _)| *time <= at.last) {
        Some((time, who)) => {
            stage.now = time;
            stage.prove(who)
        }
        None => expire_at(at.last + 1, stage),
    }
}
