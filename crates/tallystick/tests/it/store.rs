//! The store, on both databases.

use crate::support::{Engine, Scratch, both, start};
use kernel::{Clock, Credits, Id, ManualClock, Rng};
use ledger::{Posting, PostingKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::sequence::Numbers;
use store::{DatabaseUrl, Db, StoreError, Tx, params, statements};

statements! {
    TAMPER = "UPDATE postings SET amount = amount + 1";
    ERASE = "DELETE FROM postings";
    READ_A = "SELECT next FROM sequences WHERE name = $1";
    BUMP = "UPDATE sequences SET next = next + 1 WHERE name = $1";
    PUT = "INSERT INTO sequences (name, next) VALUES ($1, 1)";
}

fn all_statements() -> Vec<store::Statement> {
    [
        statements(),
        ledger::STATEMENTS.to_vec(),
        orders::statements(),
        billing::statements(),
        forms::statements(),
        vouchers::statements(),
        invoicing::statements(),
        webhooks::statements(),
        captcha::statements(),
        files::statements(),
        simulators::statements(),
        httpkit::health::STATEMENTS.to_vec(),
        tallystick::sandbox::STATEMENTS.to_vec(),
        STATEMENTS.to_vec(),
    ]
    .concat()
}

#[test]
fn every_declared_statement_is_prepared_by_a_test() {
    let listed = all_statements();
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![];
    collect(&crates, &mut files);
    let mut declared = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for block in text.split("\nrecord! {\n").skip(1) {
            let lines: Vec<&str> = block.lines().take_while(|line| *line != "}").collect();
            let selects = lines.iter().skip_while(|line| line.trim() != "select {");
            // Each record declares an insert and a save beside its selects.
            declared += 2 + selects.filter(|line| line.contains(" = \"")).count();
        }
        let Some((_, block)) = text.split_once("\nstatements! {\n") else {
            continue;
        };
        for line in block.lines().take_while(|line| *line != "}") {
            let name = line.trim().split(" =").next().unwrap_or_default();
            let is_name = !name.is_empty()
                && line.trim() != name
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit());
            if is_name {
                declared += 1;
                let suffix = format!("::{name}");
                assert!(
                    listed.iter().any(|s| s.name().ends_with(&suffix)),
                    "{name} in {file:?} is not listed"
                );
            }
        }
    }
    assert_eq!(declared, listed.len());
}

fn collect(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("statement.rs") {
            files.push(path);
        }
    }
}

both! {
    async fn every_statement_can_be_prepared(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        for statement in all_statements() {
            let prepared: Result<(), StoreError> = db.write(move |tx| tx.prepare(statement)).await;
            prepared.unwrap_or_else(|e| panic!("{}: {e}", statement.name()));
        }
        db.close().await;
    }

    async fn postings_cannot_be_changed_or_erased(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        grant(&db, 100).await;
        for statement in [TAMPER, ERASE] {
            let refused: Result<u64, StoreError> =
                db.write(move |tx| tx.execute(statement, &[])).await;
            assert!(refused.unwrap_err().to_string().contains("append-only"));
        }
        assert!(db.scan(ledger::unbalanced).await.unwrap().is_empty());
        db.close().await;
    }

    /// What a part of a transaction did is undone when it fails, and only that; a failed statement fails all of it.
    async fn a_part_of_a_transaction_can_be_undone(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        let names = |prefix: &'static str| {
            let sql = format!("SELECT name FROM sequences WHERE name LIKE '{prefix}%' ORDER BY name");
            db.read(move |tx| tx.query_dynamic(&sql, &[], |row| row.get::<String>(0)))
        };
        let put = |tx: &mut Tx<'_>, name: &str| tx.execute(PUT, params![name]).map(drop);
        let refuse = || Err::<(), _>(StoreError::Failed("refused".into()));
        let done: Result<(), StoreError> = db
            .write(move |tx| {
                put(tx, "x1")?;
                for (name, keep) in [("x2", true), ("x3", false), ("x4", true)] {
                    let kept = tx.attempt(|tx| {
                        tx.enqueue(PUT, params![name])?;
                        let inner = tx.attempt(|tx| {
                            put(tx, &format!("{name}-inner"))?;
                            refuse()
                        });
                        assert!(inner.is_err());
                        if keep { Ok(()) } else { refuse() }
                    });
                    assert_eq!(kept.is_ok(), keep);
                }
                put(tx, "x5")
            })
            .await;
        done.unwrap();
        assert_eq!(names("x").await.unwrap(), ["x1", "x2", "x4", "x5"]);
        let failed: Result<(), StoreError> = db
            .write(move |tx| {
                put(tx, "y1")?;
                let hidden = tx.attempt(|tx| put(tx, "x1").or(Ok(())));
                assert!(hidden.is_err_and(|error: StoreError| error.is_unique()));
                Ok(())
            })
            .await;
        assert!(failed.unwrap_err().is_unique());
        assert_eq!(names("y").await.unwrap(), Vec::<String>::new());
        db.close().await;
    }

    /// The closure's changes are undone when it fails, also when it hides a failed statement.
    async fn a_failed_closure_leaves_nothing(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        let refused: Result<(), StoreError> = db
            .write(|tx| {
                tx.execute(PUT, params!["a"])?;
                Err(StoreError::Failed("changed my mind".into()))
            })
            .await;
        assert!(refused.is_err());
        let hidden: Result<(), StoreError> = db
            .write(|tx| {
                tx.execute(PUT, params!["a"])?;
                assert!(tx.execute(PUT, params!["a"]).unwrap_err().is_unique());
                Ok(())
            })
            .await;
        assert!(hidden.unwrap_err().is_unique());
        let late: Result<(), StoreError> = db
            .write(|tx| {
                tx.enqueue(PUT, params!["a"])?;
                tx.enqueue(PUT, params!["a"])
            })
            .await;
        assert!(late.unwrap_err().is_unique());
        assert_eq!(value(&db, "a").await, None);
        let panicked: Result<(), StoreError> = db
            .write(|tx| {
                tx.execute(PUT, params!["a"])?;
                panic!("a bug in a use case");
            })
            .await;
        assert!(panicked.is_err());
        assert_eq!(value(&db, "a").await, None);
        db.close().await;
    }

    async fn numbers_are_never_given_twice(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        let nodes: Vec<Arc<Numbers>> = (0..3).map(|_| Arc::default()).collect();
        let clock = Arc::new(ManualClock::at(start()));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..600_usize {
            let (db, node, clock) = (db.clone(), Arc::clone(&nodes[n % 3]), Arc::clone(&clock));
            tasks.spawn(async move {
                node.next(&db, "ORD", clock.now()).await.unwrap().to_string()
            });
        }
        let mut numbers = tasks.join_all().await;
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 600);
        assert_eq!(numbers[0], "ORD-202606020001");
        db.close().await;
    }

    async fn a_day_may_outgrow_four_digits(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        let put: Result<u64, StoreError> =
            db.write(|tx| tx.execute(PUT, params!["ORD-20260602"])).await;
        put.unwrap();
        let fast_forward = db.write(|tx| {
            tx.query_dynamic("UPDATE sequences SET next = 9999 RETURNING next", &[], |row| row.get::<i64>(0))
        });
        let moved: Result<Vec<i64>, StoreError> = fast_forward.await;
        moved.unwrap();
        let numbers = Numbers::default();
        let first = numbers.next(&db, "ORD", start()).await.unwrap();
        let second = numbers.next(&db, "ORD", start()).await.unwrap();
        assert_eq!((first.to_string(), second.to_string()), ("ORD-202606029999".into(), "ORD-2026060210000".into()));
        db.close().await;
    }

    async fn concurrent_increments_all_count(engine: Engine) {
        let scratch = Scratch::new(engine);
        let db = scratch.open().await;
        let put: Result<u64, StoreError> = db.write(|tx| tx.execute(PUT, params!["n"])).await;
        put.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let db = db.clone();
            tasks.spawn(async move {
                let bumped: Result<u64, StoreError> =
                    db.write(|tx| tx.execute(BUMP, params!["n"])).await;
                bumped.unwrap()
            });
        }
        tasks.join_all().await;
        assert_eq!(value(&db, "n").await, Some(201));
        db.close().await;
    }
}

/// Two transactions that take two rows in opposite order: PostgreSQL kills one, which is run again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlocked_transaction_is_run_again() {
    let scratch = Scratch::new(Engine::Postgres);
    let db = scratch.open().await;
    let put: Result<u64, StoreError> = db
        .write(|tx| {
            tx.execute(PUT, params!["a"])?;
            tx.execute(PUT, params!["b"])
        })
        .await;
    put.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let both_began = Arc::new(std::sync::Barrier::new(2));
    let crossing = |first: &'static str, second: &'static str| {
        let (db, runs, both_began) = (db.clone(), Arc::clone(&runs), Arc::clone(&both_began));
        tokio::spawn(async move {
            let mut met = false;
            db.write(move |tx: &mut Tx<'_>| {
                runs.fetch_add(1, Ordering::SeqCst);
                tx.execute(BUMP, params![first])?;
                if !std::mem::replace(&mut met, true) {
                    both_began.wait();
                }
                tx.execute(BUMP, params![second])
            })
            .await
        })
    };
    let (one, two) = (crossing("a", "b"), crossing("b", "a"));
    let (one, two): (Result<u64, StoreError>, Result<u64, StoreError>) =
        (one.await.unwrap(), two.await.unwrap());
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    // One was run again; when it was ahead of the other again, one of the two was once more.
    assert!(runs.load(Ordering::SeqCst) >= 3);
    assert_eq!(
        (value(&db, "a").await, value(&db, "b").await),
        (Some(3), Some(3))
    );
    db.close().await;
}

/// A server that restarts is found again; nothing is lost and nothing done twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_replaced() {
    let cluster = testkit::postgres::Cluster::private();
    let database = cluster.create_database();
    let url: DatabaseUrl = database.url().parse().unwrap();
    let db = Db::open(&url).await.unwrap();
    db.migrate(start()).await.unwrap();
    grant(&db, 100).await;
    tokio::task::block_in_place(|| {
        cluster.stop();
        cluster.start();
    });
    let put: Result<u64, StoreError> = db.write(|tx| tx.execute(PUT, params!["after"])).await;
    put.unwrap();
    assert_eq!(value(&db, "after").await, Some(1));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_in_memory_database_does_the_same() {
    let db = Db::open(&DatabaseUrl::SqliteMemory).await.unwrap();
    db.migrate(start()).await.unwrap();
    grant(&db, 5).await;
    assert!(db.scan(ledger::unbalanced).await.unwrap().is_empty());
    assert!(db.backup("nowhere.db".into()).await.is_err());
    db.close().await;
}

async fn value(db: &Db, name: &'static str) -> Option<i64> {
    let read: Result<Option<i64>, StoreError> = db
        .read(move |tx| tx.query_opt(READ_A, params![name], |row| row.get(0)))
        .await;
    read.unwrap()
}

async fn grant(db: &Db, amount: i64) {
    let rng = Rng::seeded(1);
    let account = Id::new(start(), &rng);
    let id = Id::new(start(), &rng);
    let posted: Result<Credits, ledger::LedgerError> = db
        .write(move |tx| {
            ledger::open(tx, account)?;
            let posting = Posting {
                id,
                account,
                number: "CR-1",
                amount: Credits::new(amount),
                kind: PostingKind::Grant,
                reference: "r",
            };
            ledger::post(tx, &posting, start())
        })
        .await;
    assert_eq!(posted.unwrap(), Credits::new(amount));
}
