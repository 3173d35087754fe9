//! What people write is read as they mean it, and refused with have and want where it makes no sense.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use bourse_chain::read::Token;
use bourse_cli::amount;
use bourse_cli::args::{Args, Command};
use bourse_cli::blueprint::{self, Blueprint};
use bourse_cli::spec::{Spec, Work};
use bourse_sim::ZERO;
use bourse_sim::mechanisms::{by_name, scoring::ScoringParams};
use clap::{CommandFactory, Parser};

fn coin() -> Token {
    Token { address: ZERO, symbol: "ETH".into(), decimals: 18 }
}

fn dollar() -> Token {
    Token { address: [7; 20], symbol: "USDC".into(), decimals: 6 }
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn amounts_are_exact() {
    assert_eq!(amount::parse("0.02", &coin()).unwrap(), 20_000_000_000_000_000);
    assert_eq!(amount::parse("20 gwei", &coin()).unwrap(), 20_000_000_000);
    assert_eq!(amount::parse("7wei", &coin()).unwrap(), 7);
    assert_eq!(amount::parse("1.5 ETH", &coin()).unwrap(), 1_500_000_000_000_000_000);
    assert_eq!(amount::parse("1.25", &dollar()).unwrap(), 1_250_000);
    assert_eq!(amount::parse("1.25 usdc", &dollar()).unwrap(), 1_250_000);
    for (wei, text) in [(0, "0 ETH"), (1, "0.000000000000000001 ETH"), (1_500_000_000_000_000_000, "1.5 ETH")] {
        assert_eq!(amount::show(wei, &coin()), text);
        assert_eq!(amount::parse(text, &coin()).unwrap(), wei);
    }
    assert_eq!(amount::rough(11_234_567_890_123_456, &coin()), "0.011235 ETH");
    assert_eq!(amount::rough(9_999_999, &dollar()), "10 USDC");
}

#[test]
fn nonsense_amounts_are_refused_in_words() {
    for (text, why) in [
        ("", "no amount"),
        ("-1", "no amount"),
        ("1e18", "no unit"),
        ("0.1234567", "7 decimal places"),
        ("5 gwei", "no unit"),
        ("400000000000000000000000000", "more than the market counts"),
    ] {
        let error = format!("{:#}", amount::parse(text, &dollar()).unwrap_err());
        assert!(error.contains(why), "'{text}': {error}");
    }
}

#[test]
fn times_and_words_are_read() {
    for (text, seconds) in [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7_200), ("1 d", 86_400)] {
        assert_eq!(amount::seconds(text).unwrap(), seconds);
    }
    assert!(amount::seconds("0").is_err() && amount::seconds("soon").is_err() && amount::seconds("3 weeks").is_err());
    assert!(format!("{:#}", amount::account("0x12").unwrap_err()).contains("1 bytes; an address has 20"));
    assert!(format!("{:#}", amount::word("0xzz").unwrap_err()).contains("no hex"));
}

#[test]
fn a_file_and_flags_make_one_request() {
    let text = "instance = 3\nmax_price = \"0.02\"\nrounds = 339\nseed = 7\ndeadline = \"5m\"\n";
    let (_folder, path) = file("request.toml", text);
    let said = Spec::read(&path).unwrap();
    assert_eq!(said.instance.as_deref(), Some("3"));
    assert_eq!(said.work().unwrap(), Work::Pow5 { rounds: 339, seed: "7".into() });

    let flags = Spec { instance: Some("dutch".into()), max_price: Some("0.05".into()), ..Spec::default() };
    let both = flags.over(&said).unwrap();
    assert_eq!(both, Spec { instance: Some("dutch".into()), max_price: Some("0.05".into()), ..said });
}

#[test]
fn json_means_the_same_as_toml() {
    let (_a, toml) = file("r.toml", "instance = \"posted\"\nmax_price = 0.5\nwork = 9\nstatement = \"0x01\"\n");
    let json = r#"{"instance": "posted", "max_price": 0.5, "work": 9, "statement": "0x01"}"#;
    let (_b, json) = file("r.json", json);
    let (toml, json) = (Spec::read(&toml).unwrap(), Spec::read(&json).unwrap());
    assert_eq!(toml, json);
    let of = |spec: &Spec, market| spec.fingerprint(1, [market; 20], [2; 20]).unwrap();
    assert_eq!(of(&toml, 1), of(&json, 1));
    assert_ne!(of(&toml, 1), of(&toml, 3), "another market is another request");
    let other = Spec { work: Some(10), ..json };
    assert_ne!(of(&toml, 1), of(&other, 1), "another wish is another request");
}

#[test]
fn an_input_file_counts_by_what_is_in_it() {
    let (folder, path) = file("r.toml", "statement = \"0x01\"\nwork = 1\ninput_file = \"data.bin\"\n");
    std::fs::write(folder.path().join("data.bin"), b"abc").unwrap();
    let spec = Spec::read(&path).unwrap().with_input().unwrap();
    assert_eq!(spec.input.as_deref(), Some("0x616263"));
    assert_eq!(spec.input_file, None);
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let (_folder, path) = file("r.toml", "max_prize = 1\n");
    assert!(format!("{:#}", Spec::read(&path).unwrap_err()).contains("max_prize"));
    assert!(Spec::read(Path::new("/nowhere.toml")).is_err());
    let work = |spec: Spec| format!("{:#}", spec.work().unwrap_err());
    assert!(work(Spec::default()).contains("nothing to prove"));
    assert!(work(Spec { statement: Some("0x".into()), ..Spec::default() }).contains("`work` is missing"));
    assert!(work(Spec { statement: Some("0x".into()), rounds: Some(1), ..Spec::default() }).contains("both"));
}

#[test]
fn instances_are_described_in_words_and_back() {
    let text = "[sealed]\npayment = \"second\"\ncommit = \"30s\"\nreveal = \"1m\"\ndeposit_floor = \"0.001\"\nstandbys = 2\nbidders = 8\n";
    let (_folder, path) = file("i.toml", text);
    let blueprint = Blueprint::read(&path).unwrap();
    assert!(blueprint.open);
    let (mechanism, params) = blueprint.encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("sealed"));
    by_name("sealed").unwrap().check(&params).unwrap();
    let words = blueprint::words("sealed", &params, &coin()).unwrap();
    assert_eq!(words, "second price, commit 30 s, reveal 60 s, 8 bidders, 2 standbys");

    let (_folder, path) = file("p.toml", "[posted]\nbase = \"any\"\npatience = \"1m\"\n");
    let (_, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    by_name("posted").unwrap().check(&params).unwrap();
    assert_eq!(blueprint::words("posted", &params, &coin()).unwrap(), "pays what is named, stands 60 s");

    let (_folder, path) =
        file("d.json", r#"{"dutch": {"start_bps": 500, "end_bps": 10000, "ramp": "5m", "patience": "30s"}}"#);
    let (_, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(blueprint::words("dutch", &params, &coin()).unwrap(), "climbs from 5 % to 100 % in 300 s, stays 30 s");
}

#[test]
fn an_open_auction_needs_few_words() {
    let text = "[english]\nduration = \"5m\"\nextension = \"30s\"\npatience = \"1h\"\ndeposit_floor = \"0.001\"\n";
    let (_folder, path) = file("e.toml", text);
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("english"));
    by_name("english").unwrap().check(&params).unwrap();
    let words = blueprint::words("english", &params, &coin()).unwrap();
    assert_eq!(words, "bid down from 100 % by 5 %, 300 s from the first bid, 600 s at most, 1 standby");
}

#[test]
fn a_request_for_quotes_needs_only_a_deposit() {
    let (_folder, path) = file("q.toml", "[rfq]\ndeposit_floor = \"0.001\"\n");
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("rfq"));
    by_name("rfq").unwrap().check(&params).unwrap();
    assert_eq!(blueprint::words("rfq", &params, &coin()).unwrap(), "a quote is awarded at once, 0 standbys");

    let text = "[rfq]\nexclusivity = \"24s\"\npatience = \"5m\"\ndeposit_floor = \"0.001\"\nstandbys = 1\n";
    let (_folder, path) = file("x.toml", text);
    let (_, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    let words = blueprint::words("rfq", &params, &coin()).unwrap();
    assert_eq!(words, "a quote can be overridden by 1 % for 24 s, without one waits 300 s for 100 %, 1 standby");
}

#[test]
fn a_race_says_how_proofs_are_bound() {
    let text = "[race]\npatience = \"10m\"\ncommit_blocks = 0\n";
    let (_folder, path) = file("r.toml", text);
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("race"));
    by_name("race").unwrap().check(&params).unwrap();
    assert_eq!(blueprint::words("race", &params, &coin()).unwrap(), "the first proof is paid 100 %, within 600 s");

    let text = "[race]\npatience = \"10m\"\nwindow = \"1m\"\ncommit_blocks = 2\nwinners = 3\ndeposit = \"0.001\"\n";
    let (_folder, path) = file("s.toml", text);
    let (_, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    by_name("race").unwrap().check(&params).unwrap();
    let words = blueprint::words("race", &params, &coin()).unwrap();
    let want = "3 winners share 100 %, each rank 50 % of the one before, within 600 s, others 60 s more, committed to 2 blocks before";
    assert_eq!(words, want);

    let (_folder, path) = file("t.toml", "[race]\npatience = \"10m\"\n");
    let error = format!("{:#}", Blueprint::read(&path).unwrap_err());
    assert!(error.contains("commit_blocks"), "nobody should guess: {error}");
}

#[test]
fn a_committee_needs_its_clock() {
    let text = "[committee]\nseats = 5\nenrolment = \"1m\"\nshards = \"2m\"\naggregation = \"1m\"\nopen = \"1m\"\n\
                stagger = \"20s\"\ndeposit_floor = \"0.001\"\n";
    let (_folder, path) = file("c.toml", text);
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("committee"));
    by_name("committee").unwrap().check(&params).unwrap();
    let words = blueprint::words("committee", &params, &coin()).unwrap();
    let want = "5 to 5 members prove together within 240 s, paid 100 %, 10 % of it to who brings it, no bonds";
    assert_eq!(words, want);
}

#[test]
fn standing_terms_say_what_they_cost_and_bind_to() {
    let scope =
        "ceiling = \"0.05\"\nterm = \"30d\"\ndeposit = \"1\"\nrefill = \"1m\"\nmax_work = 1000\nmax_bond = \"0.1\"\n";
    let said = |name: &str, rest: &str| {
        let (_folder, path) = file("s.toml", &format!("[{name}]\n{scope}{rest}"));
        let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
        assert_eq!(mechanism, Some(name));
        by_name(name).unwrap().check(&params).unwrap();
        blueprint::words(name, &params, &coin()).unwrap()
    };
    assert_eq!(
        said("seat", "handover = \"10m\"\nmin_window = \"30s\"\n"),
        "one prover at 0 ETH and up to 0.05 ETH per million units, outbid by 5 %, up to 8 requests at once, out by 3 misses"
    );
    assert_eq!(
        said("reserved", "offering = \"10m\"\nlatency = \"20s\"\n"),
        "1 holder at 0 ETH and up to 0.05 ETH per million units for 2592000 s, 8 requests at once, due in 20 s, 10 % a miss"
    );
}

#[test]
fn a_sortition_says_what_it_pays_and_when() {
    let text = "[sortition]\nbase = \"0.001\"\nmin_deposit = \"0.1\"\nmax_deposit = \"10\"\nnotice = \"1d\"\nlead = \"20s\"\n\
                stagger = \"30s\"\npatience = \"2m\"\nbackups = 1\n";
    let (_folder, path) = file("d.toml", text);
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("sortition"));
    by_name("sortition").unwrap().check(&params).unwrap();
    let words = blueprint::words("sortition", &params, &coin()).unwrap();
    assert_eq!(words, "pays 0.001 ETH to whom a draw by stake names, 3 stages within 200 s, 1 backup");
}

#[test]
fn a_scoring_auction_says_what_it_values() {
    let text = "[scoring]\npayment = \"second\"\ncommit = \"30s\"\nreveal = \"1m\"\nbase_bps = 6000\ntime_bps = 3000\n\
                least_bond_bps = 5000\ndeposit_floor = \"0.001\"\nstandbys = 1\nbidders = 8\n";
    let (_folder, path) = file("q.toml", text);
    let blueprint = Blueprint::read(&path).unwrap();
    let (mechanism, params) = blueprint.encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("scoring"));
    by_name("scoring").unwrap().check(&params).unwrap();
    let want = "second score: worth 60 %, in no time 30 % more, at the whole bond 0 % more; commit 30 s, reveal 60 s, \
                8 bidders, 1 standby";
    assert_eq!(blueprint::words("scoring", &params, &coin()).unwrap(), want);

    let error = format!("{:#}", blueprint.encoded(&coin(), &dollar()).unwrap_err());
    assert!(error.contains("stake_worth is missing"), "nobody should guess: {error}");
    // One of 6 decimals, worth 2 of what is paid.
    let mut said = blueprint;
    said.scoring.as_mut().unwrap().stake_worth = Some("2".into());
    let params = ScoringParams::decode(&said.encoded(&coin(), &dollar()).unwrap().1).unwrap();
    assert_eq!(params.weights.stake_worth, 2 * 10_u128.pow(18 + 12));
}

#[test]
fn an_instance_without_a_rule_is_refused() {
    let error = |blueprint: Blueprint| format!("{:#}", blueprint.encoded(&coin(), &coin()).unwrap_err());
    assert!(error(Blueprint::default()).contains("exactly one"));
    assert!(error(Blueprint { params: Some("0x".into()), ..Blueprint::default() }).contains("`mechanism` is missing"));
}

#[test]
fn the_command_line_holds_together() {
    Args::command().debug_assert();
    let args = Args::try_parse_from(["bourse", "request", "r.toml", "--rounds", "5", "--again", "--json"]).unwrap();
    assert!(args.global.json);
    let Command::Request(options) = args.command else { panic!("{:?}", args.command) };
    assert_eq!(
        (options.file.as_deref(), options.spec.rounds, options.again),
        (Some(Path::new("r.toml")), Some(5), true)
    );
    assert!(Args::try_parse_from(["bourse", "request", "--rounds", "5", "--statement", "0x"]).is_err());
}

#[test]
fn no_flag_takes_a_secret() {
    fn visit(command: &clap::Command) {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            assert!(!["private_key", "key", "password", "secret"].contains(&name), "{name} on the command line");
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Args::command());
}

#[test]
fn a_batch_says_what_its_class_is() {
    let text = "[batch]\ninterval = \"1m\"\nwindow = \"5m\"\nfloor = \"0.001\"\nceiling = \"1\"\nwork = 5000000\nbond = \"0.01\"\ncarry = 1\n";
    let (_folder, path) = file("b.toml", text);
    let (mechanism, params) = Blueprint::read(&path).unwrap().encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("batch"));
    by_name("batch").unwrap().check(&params).unwrap();
    let words = blueprint::words("batch", &params, &coin()).unwrap();
    let want =
        "one price every 60 s, 0.001 ETH to 1 ETH for 1000000 of work, 32 orders and 32 offers at most, carried 1 time";
    assert_eq!(words, want);
}

#[test]
fn a_contest_is_paid_in_what_stakes_are() {
    let text = "[contest]\nentry = \"1m\"\nsettling = \"2m\"\nmin_ticket = \"0.001\"\nmax_ticket = \"0.5\"\n";
    let (_folder, path) = file("c.toml", text);
    let blueprint = Blueprint::read(&path).unwrap();
    let (mechanism, params) = blueprint.encoded(&coin(), &coin()).unwrap();
    assert_eq!(mechanism, Some("contest"));
    by_name("contest").unwrap().check(&params).unwrap();
    let words = blueprint::words("contest", &params, &coin()).unwrap();
    let want = "one of up to 40 entrants is drawn in proportion to its ticket and paid 100 % less that; \
                tickets of 0.001 ETH to 0.5 ETH for 60 s, all pay";
    assert_eq!(words, want);
    let token = Token { address: [7; 20], symbol: "USD".into(), decimals: 6 };
    let error = blueprint.encoded(&token, &coin()).unwrap_err().to_string();
    assert!(error.contains("the token that stakes are in, ETH"), "{error}");
}
