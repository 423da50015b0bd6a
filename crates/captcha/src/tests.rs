use crate::challenge::Solution;
use crate::{
    Challenge, ProofOfWork, ProofOfWorkConfig, Reason, RobotCheck as _, Verdict, forget, solve,
};
use kernel::{Clock as _, ManualClock, Rng, Timestamp};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use store::{Db, Tx};

fn start() -> Timestamp {
    "2026-06-02T12:30:00+08:00".parse().unwrap()
}

struct World {
    db: Db,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new() -> Self {
        let db = Db::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        db.migrate(start()).await.unwrap();
        let clock = Arc::new(ManualClock::at(start()));
        Self { db, clock }
    }

    /// One of any number of nodes.
    fn node(&self, seed: u64) -> ProofOfWork {
        let config = ProofOfWorkConfig {
            difficulty: 8,
            ..ProofOfWorkConfig::default()
        };
        let clock = Arc::clone(&self.clock);
        ProofOfWork::new(self.db.clone(), clock, Arc::new(Rng::seeded(seed)), config)
    }
}

async fn challenge(node: &ProofOfWork) -> Challenge {
    node.challenge().await.unwrap().unwrap()
}

const INVALID: Verdict = Verdict::Refused(Reason::Invalid);
const EXPIRED_OR_USED: Verdict = Verdict::Refused(Reason::ExpiredOrUsed);

#[tokio::test]
async fn a_challenge_is_solved_once_whichever_node_is_asked() {
    let world = World::new().await;
    let (one, other) = (world.node(1), world.node(2));
    let given = challenge(&one).await;
    assert_eq!(given.difficulty, 8);
    assert_eq!(
        given.expire_date_time,
        start().plus(Duration::from_secs(600))
    );
    let token = solve(&given);
    assert_eq!(other.check(&token, None).await, Verdict::Passed);
    assert_eq!(one.check(&token, None).await, EXPIRED_OR_USED);
    assert_eq!(other.check(&token, None).await, EXPIRED_OR_USED);
    // Nor with another solution of the same challenge.
    let another = (0..)
        .map(|nonce| format!("{}:x{nonce}", given.challenge))
        .find(|token| Solution::read(token).unwrap().is_solved());
    assert_eq!(one.check(&another.unwrap(), None).await, EXPIRED_OR_USED);
    assert_eq!(
        one.check(&solve(&challenge(&one).await), None).await,
        Verdict::Passed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_use_a_solution_at_once_one_passes() {
    let world = World::new().await;
    let node = Arc::new(world.node(1));
    let token: Arc<str> = solve(&challenge(&node).await).into();
    let tasks = (0..32).map(|_| {
        let (node, token) = (Arc::clone(&node), Arc::clone(&token));
        tokio::spawn(async move { node.check(&token, None).await })
    });
    let mut passed = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Verdict::Passed => passed += 1,
            other => assert_eq!(other, EXPIRED_OR_USED),
        }
    }
    assert_eq!(passed, 1);
}

#[tokio::test]
async fn a_challenge_expires_and_is_forgotten_only_then() {
    let world = World::new().await;
    let node = world.node(1);
    let (used, late) = (
        solve(&challenge(&node).await),
        solve(&challenge(&node).await),
    );
    assert_eq!(node.check(&used, None).await, Verdict::Passed);
    let forget_expired = async |world: &World| {
        let now = world.clock.now();
        world
            .db
            .write(move |tx: &mut Tx<'_>| forget(tx, now))
            .await
            .unwrap()
    };
    world.clock.advance(Duration::from_millis(599_999));
    assert_eq!(forget_expired(&world).await, 0);
    assert_eq!(node.check(&used, None).await, EXPIRED_OR_USED);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(node.check(&late, None).await, EXPIRED_OR_USED);
    assert_eq!(forget_expired(&world).await, 1);
    assert_eq!(node.check(&used, None).await, EXPIRED_OR_USED);
}

#[tokio::test]
async fn work_that_was_not_done_or_was_not_asked_for_proves_nothing() {
    let world = World::new().await;
    let node = world.node(1);
    let given = challenge(&node).await;
    let lazy = (0..)
        .map(|nonce| format!("{}:{nonce}", given.challenge))
        .find(|token| !Solution::read(token).unwrap().is_solved());
    // Signed by somebody else, who also makes it easier, and later.
    let forged = Challenge::new(
        &[7; 32],
        [1; 16],
        0,
        start().plus(Duration::from_secs(10_000)),
    );
    // Our own, made easier.
    let (payload, signature) = given.challenge.split_once('.').unwrap();
    let easier = Challenge::new(&[7; 32], [1; 16], 0, start().plus(Duration::from_secs(600)));
    let (easier, _) = easier.challenge.split_once('.').unwrap();
    for token in [
        lazy.unwrap(),
        solve(&forged),
        format!("{easier}.{signature}:0"),
        format!("{payload}.:0"),
        format!("{payload}.{}:0", &signature[..20]),
        given.challenge.clone(),
        format!("{}:", given.challenge),
        format!("{}:{}", given.challenge, "0".repeat(21)),
        format!("{}:1\r\n", given.challenge),
        String::new(),
        ":".into(),
        ".:1".into(),
        "é.é:1".into(),
    ] {
        assert_eq!(node.check(&token, None).await, INVALID, "{token}");
    }
    // None of that has used it up.
    assert_eq!(node.check(&solve(&given), None).await, Verdict::Passed);
}

#[tokio::test]
async fn a_database_that_fails_refuses_nobody() {
    let world = World::new().await;
    let node = world.node(1);
    let token = solve(&challenge(&node).await);
    world.db.close().await;
    let verdict = node.check(&token, None).await;
    assert!(matches!(verdict, Verdict::Unavailable(_)), "{verdict:?}");
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in ".{0,200}") {
        let _ = Solution::read(&text);
    }

    #[test]
    fn what_is_solved_is_read_as_it_was_made(key: [u8; 32], random: [u8; 16], difficulty in 0_u8..6, seconds in 0_i64..10_000_000_000) {
        let expires_at = Timestamp::from_micros(seconds * 1_000_000 + 7);
        let challenge = Challenge::new(&key, random, difficulty, expires_at);
        let token = solve(&challenge);
        let solution = Solution::read(&token).unwrap();
        prop_assert!(solution.is_signed_with(&key) && solution.is_solved());
        prop_assert_eq!(solution.expires_at(), challenge.expire_date_time);
        prop_assert!(!solution.is_signed_with(&random.repeat(2).try_into().unwrap()));
    }
}
