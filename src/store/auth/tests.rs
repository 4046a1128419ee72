//! Keys, roles, users and sessions on both databases.

use std::{num::NonZeroU32, path::Path, time::Duration};

use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};

use super::*;
use crate::{
    auth::{KeyId, Permission, Permissions, Secret, SecretHash, SecretKind, SessionId, UserId},
    store::{AuditLog, Store, StoreSpec, Synchronous, postgres},
};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn entry(action: &'static str) -> AuditEntry {
    AuditEntry {
        tenant: Tenant::default(),
        at: NOW,
        author: Author::system(),
        action,
        subject: None,
        details: Default::default(),
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn hash(kind: SecretKind) -> SecretHash {
    Secret::mint(kind).hash()
}

fn key(role: &str) -> KeyRow {
    KeyRow {
        id: KeyId::mint(),
        tenant: Tenant::default(),
        name: "k".to_owned(),
        role: role.to_owned(),
        created_at: NOW,
        created_by: "system".to_owned(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous_expires_at: None,
    }
}

/// What the audit log of a tenant was told: action and author, oldest first.
async fn told(store: &AuthStore, tenant: &Tenant) -> Vec<(String, String)> {
    let log = AuditLog::new(store.writer.clone(), store.readers.clone(), store.epoch);
    let rows = log.after(tenant, 0, 100).await.unwrap();
    rows.into_iter()
        .map(|row| (row.action, row.principal.unwrap()))
        .collect()
}

fn user(name: &str, role: &str) -> UserRow {
    UserRow {
        id: UserId::mint(),
        tenant: Tenant::default(),
        name: name.to_owned(),
        role: role.to_owned(),
        password: "hash".to_owned(),
        enabled: true,
        created_at: NOW,
        created_by: "system".to_owned(),
    }
}

fn session(user: &str) -> SessionRow {
    SessionRow {
        id: SessionId::mint(),
        tenant: Tenant::default(),
        user: user.to_owned(),
        created_at: NOW,
        expires_at: later(1_000),
    }
}

fn tokens(end: Timestamp) -> Tokens {
    Tokens {
        access: hash(SecretKind::Access),
        access_expires_at: end,
        refresh: hash(SecretKind::Refresh),
    }
}

async fn on_both_databases(check: impl AsyncFn(&AuthStore)) {
    let open = async |data_dir: &Path, url: Option<String>| {
        let spec = StoreSpec {
            data_dir: data_dir.to_owned(),
            url,
            synchronous: Synchronous::Full,
            readers: NonZeroU32::MIN,
        };
        Store::open(spec).await.unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None).await;
    check(&store.auth()).await;
    store.close().await.unwrap();
    if let Some(url) = postgres::testing::database().await {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), Some(url)).await;
        check(&store.auth()).await;
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_secret_until_it_is_revoked() {
    on_both_databases(async |store| {
        assert!(!store.has_admin_key(NOW).await.unwrap());
        let (admin, secret) = (key("admin"), hash(SecretKind::ApiKey));
        store
            .add_key(&admin, secret, entry("key.created"))
            .await
            .unwrap();
        let version = store.version().await.unwrap();
        assert!(store.has_admin_key(NOW).await.unwrap());
        let known = store.key_by_secret(secret, NOW).await.unwrap().unwrap();
        assert_eq!((&known.key, known.until), (&admin, None));

        store.note_use(&[(admin.id, later(5))]).await.unwrap();
        assert_eq!(store.version().await.unwrap(), version);
        let listed = store.keys(&admin.tenant, None, 10).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(later(5)));
        let elsewhere = Tenant::new("acme");
        assert_eq!(store.key(&elsewhere, admin.id).await.unwrap(), None);
        let revoke = |tenant| store.revoke_key(tenant, admin.id, NOW, entry("key.revoked"));
        assert!(!revoke(&elsewhere).await.unwrap());
        assert!(revoke(&admin.tenant).await.unwrap());
        assert!(!revoke(&admin.tenant).await.unwrap());
        assert_eq!(store.key_by_secret(secret, NOW).await.unwrap(), None);
        assert!(!store.has_admin_key(NOW).await.unwrap());
        assert_eq!(store.version().await.unwrap(), version + 1);
    })
    .await;
}

#[tokio::test]
async fn both_secrets_of_a_rotated_key_are_good_for_the_overlap_alone() {
    on_both_databases(async |store| {
        let (row, [old, new]) = (key("viewer"), [(); 2].map(|()| hash(SecretKind::ApiKey)));
        store
            .add_key(&row, old, entry("key.created"))
            .await
            .unwrap();
        let rotated = store.rotate_key(&row, new, later(60), entry("key.rotated"));
        assert!(rotated.await.unwrap());
        let until = async |secret, at| {
            let known = store.key_by_secret(secret, at).await.unwrap();
            known.map(|known| known.until)
        };
        assert_eq!(until(old, later(59)).await, Some(Some(later(60))));
        assert_eq!(until(new, later(59)).await, Some(None));
        assert_eq!(until(old, later(60)).await, None);
        assert_eq!(until(new, later(60)).await, Some(None));
    })
    .await;
}

#[tokio::test]
async fn a_role_that_somebody_has_stays() {
    on_both_databases(async |store| {
        let tenant = Tenant::default();
        let role = RoleRow {
            name: "auditor".to_owned(),
            permissions: Permissions::of(&[Permission::AuditRead]),
        };
        let put = store.put_role(&tenant, &role, NOW, entry("role.changed"));
        put.await.unwrap();
        assert_eq!(
            store.role(&tenant, "auditor").await.unwrap().as_ref(),
            Some(&role)
        );
        let holder = key("auditor");
        let added = store.add_key(&holder, hash(SecretKind::ApiKey), entry("key.created"));
        added.await.unwrap();
        let remove = || store.remove_role(&tenant, "auditor", entry("role.removed"));
        assert_eq!(remove().await.unwrap(), Removal::InUse);
        let revoked = store.revoke_key(&tenant, holder.id, NOW, entry("key.revoked"));
        assert!(revoked.await.unwrap());
        assert_eq!(remove().await.unwrap(), Removal::Removed);
        assert_eq!(remove().await.unwrap(), Removal::Missing);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session() {
    on_both_databases(async |store| {
        let tenant = Tenant::default();
        let user = user("kim", "user");
        assert!(store.add_user(&user, entry("user.created")).await.unwrap());
        assert!(!store.add_user(&user, entry("user.created")).await.unwrap());
        let session = session("kim");
        let (first, second) = (tokens(later(10)), tokens(later(20)));
        let begun = store.begin_session(&session, "hash", first, entry("login.succeeded"));
        assert!(begun.await.unwrap());
        let found = async |tokens: Tokens, at| {
            let known = store.session_by_access(tokens.access, at).await.unwrap();
            known.is_some()
        };
        assert!(found(first, later(9)).await && !found(first, later(10)).await);

        let refresh = |by: Tokens| {
            let tell = |refresh: &Refresh| match refresh {
                Refresh::Refreshed(_) => Some(entry("session.refreshed")),
                Refresh::Reused(_) => Some(entry("session.reused")),
                Refresh::Unknown => None,
            };
            store.refresh_session(by.refresh, second, later(5), tell)
        };
        assert_eq!(
            refresh(first).await.unwrap(),
            Refresh::Refreshed(session.clone())
        );
        assert!(!found(first, later(6)).await && found(second, later(6)).await);
        assert_eq!(
            refresh(first).await.unwrap(),
            Refresh::Reused(session.clone())
        );
        assert!(!found(second, later(6)).await);
        assert_eq!(refresh(second).await.unwrap(), Refresh::Unknown);
        let actions: Vec<String> = told(store, &tenant)
            .await
            .into_iter()
            .map(|(action, _)| action)
            .collect();
        assert_eq!(
            actions,
            [
                "user.created",
                "login.succeeded",
                "session.refreshed",
                "session.reused"
            ]
        );

        let begun = store.begin_session(&session, "hash", first, entry("login.succeeded"));
        assert!(begun.await.unwrap());
        let set = store.set_password(&tenant, "kim", "other", entry("user.password_set"));
        assert!(set.await.unwrap());
        assert!(!found(first, later(6)).await);
    })
    .await;
}

#[tokio::test]
async fn what_is_done_in_another_tenant_is_told_to_both() {
    on_both_databases(async |store| {
        let acme = Tenant::new("acme");
        let row = KeyRow {
            tenant: acme.clone(),
            ..key("admin")
        };
        let added = store.add_key(&row, hash(SecretKind::ApiKey), entry("key.created"));
        added.await.unwrap();
        let revoked = store.revoke_key(&acme, row.id, NOW, entry("key.revoked"));
        assert!(revoked.await.unwrap());
        let other = key("admin");
        let own = store.add_key(&other, hash(SecretKind::ApiKey), entry("key.created"));
        own.await.unwrap();
        let by = |action: &str| (action.to_owned(), "system".to_owned());
        let both = [by("key.created"), by("key.revoked")];
        assert_eq!(told(store, &acme).await, both);
        let mine = told(store, &Tenant::default()).await;
        assert_eq!(mine, [&both[..], &[by("key.created")]].concat());
    })
    .await;
}

#[tokio::test]
async fn an_own_password_ends_the_other_sessions_and_needs_the_one_before() {
    on_both_databases(async |store| {
        let kim = user("kim", "user");
        assert!(store.add_user(&kim, entry("user.created")).await.unwrap());
        let [here, there] = [(); 2].map(|()| (session("kim"), tokens(later(10))));
        let begin = async |(session, tokens): &(SessionRow, Tokens), password: &str| {
            let begun = store.begin_session(session, password, *tokens, entry("login.succeeded"));
            begun.await.unwrap()
        };
        assert!(begin(&here, "hash").await && begin(&there, "hash").await);
        let change = |old: &'static str| {
            store.change_password(&here.0, old, "new", entry("user.password_changed"))
        };
        let is_open = async |session: &SessionRow| {
            let found = store.session(session.id, NOW).await.unwrap();
            found.is_some()
        };
        assert!(!change("another").await.unwrap());
        assert!(is_open(&there.0).await);
        assert!(change("hash").await.unwrap());
        assert!(is_open(&here.0).await && !is_open(&there.0).await);
        let refresh = store.refresh_session(there.1.refresh, tokens(later(20)), NOW, |_| None);
        assert_eq!(refresh.await.unwrap(), Refresh::Unknown);
        // Its password was checked before the change, its session is begun after it.
        assert!(!begin(&there, "hash").await);
        assert!(begin(&there, "new").await);
    })
    .await;
}

#[tokio::test]
async fn who_is_disabled_or_removed_has_no_session_and_an_administrator_is_left() {
    on_both_databases(async |store| {
        let (root, kim) = (user("root", "admin"), user("kim", "admin"));
        for user in [&root, &kim] {
            assert!(store.add_user(user, entry("user.created")).await.unwrap());
        }
        let change = async |user: &UserRow, role: Option<&str>, enabled: Option<bool>| {
            let role = role.map(str::to_owned);
            let changed = store.change_user(user, role, enabled, entry("user.changed"));
            changed.await.unwrap()
        };
        let remove = async |user: &UserRow| {
            let removed = store.remove_user(user, entry("user.removed"));
            removed.await.unwrap()
        };
        let login = session("kim");
        let begin = || store.begin_session(&login, "hash", tokens(NOW), entry("login.succeeded"));
        assert!(begin().await.unwrap());
        let version = store.version().await.unwrap();
        assert_eq!(
            change(&kim, Some("admin"), Some(true)).await,
            UserChange::Unchanged
        );
        assert_eq!(store.version().await.unwrap(), version);
        let disabled = UserRow {
            enabled: false,
            ..kim.clone()
        };
        let changed = change(&kim, None, Some(false)).await;
        assert_eq!(changed, UserChange::Done(disabled.clone()));
        assert_eq!(store.version().await.unwrap(), version + 1);
        assert_eq!(store.session(login.id, NOW).await.unwrap(), None);
        assert!(!begin().await.unwrap());

        for (role, enabled) in [(Some("viewer"), None), (None, Some(false))] {
            let refused = change(&root, role, enabled).await;
            assert_eq!(refused, UserChange::LastAdministrator);
        }
        assert_eq!(remove(&root).await, UserChange::LastAdministrator);
        assert_eq!(remove(&kim).await, UserChange::Done(disabled));
        assert_eq!(remove(&kim).await, UserChange::Missing);
        assert_eq!(change(&kim, None, Some(true)).await, UserChange::Missing);
        let found = store.user_by_id(&Tenant::new("acme"), root.id).await;
        assert_eq!(found.unwrap(), None);
        let found = store.user_by_id(&root.tenant, root.id).await;
        assert_eq!(found.unwrap(), Some(root));
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_nobody_has_does_not_wait_for_the_writer() {
    on_both_databases(async |store| {
        let kim = user("kim", "user");
        assert!(store.add_user(&kim, entry("user.created")).await.unwrap());
        let (session, first, next) = (session("kim"), tokens(later(10)), tokens(later(20)));
        let begun = store.begin_session(&session, "hash", first, entry("login.succeeded"));
        assert!(begun.await.unwrap());
        let version = store.version().await.unwrap();
        let lease = store.writer.lease().await.unwrap();
        let made_up = store.refresh_session(hash(SecretKind::Refresh), next, NOW, |_| None);
        assert_eq!(made_up.await.unwrap(), Refresh::Unknown);
        let real = store.refresh_session(first.refresh, next, NOW, |_| None);
        tokio::pin!(real);
        let waits = tokio::time::timeout(Duration::from_millis(200), &mut real).await;
        assert!(waits.is_err(), "a refresh is written");
        lease.put_back();
        assert_eq!(real.await.unwrap(), Refresh::Refreshed(session.clone()));
        assert_eq!(store.version().await.unwrap(), version);
        let reused = store.refresh_session(first.refresh, next, NOW, |_| None);
        assert_eq!(reused.await.unwrap(), Refresh::Reused(session));
        assert_eq!(store.version().await.unwrap(), version + 1);
    })
    .await;
}
