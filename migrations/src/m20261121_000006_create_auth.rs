//! Who may call: API keys, users, their sessions, and roles that tenants define.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            api_keys(),
            roles(),
            users(),
            sessions(),
            refresh_tokens(),
            auth_changes(),
        ] {
            manager.create_table(table).await?;
        }
        for (name, table, column) in UNIQUE {
            let index = Index::create()
                .name(name)
                .table(table)
                .col(column)
                .unique()
                .to_owned();
            manager.create_index(index).await?;
        }
        for (name, table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "auth_changes",
            "refresh_tokens",
            "sessions",
            "users",
            "roles",
            "api_keys",
        ] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const UNIQUE: [(&str, &str, &str); 3] = [
    ("api_keys_by_sha256", "api_keys", "sha256"),
    ("api_keys_by_previous_sha256", "api_keys", "previous_sha256"),
    ("sessions_by_access_sha256", "sessions", "access_sha256"),
];

const INDEXES: [(&str, &str, &[&str]); 3] = [
    ("api_keys_by_tenant", "api_keys", &["tenant", "id"]),
    ("sessions_by_user", "sessions", &["tenant", "user_name"]),
    (
        "refresh_tokens_by_session",
        "refresh_tokens",
        &["session_id"],
    ),
];

/// `sha256` is of the whole key as a caller sends it, in hex. `previous_sha256` is that of the secret before the last
/// rotation, which is good until `previous_expires_at`.
fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("sha256").text().not_null())
        .col(ColumnDef::new("previous_sha256").text())
        .col(ColumnDef::new("previous_expires_at").big_integer())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("created_by").text().not_null())
        .col(ColumnDef::new("expires_at").big_integer())
        .col(ColumnDef::new("revoked_at").big_integer())
        .col(ColumnDef::new("last_used_at").big_integer())
        .to_owned()
}

/// `permissions` are names with a space between two.
fn roles() -> TableCreateStatement {
    Table::create()
        .table("roles")
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("permissions").text().not_null())
        .col(ColumnDef::new("changed_at").big_integer().not_null())
        .primary_key(Index::create().col("tenant").col("name"))
        .to_owned()
}

/// `password` is an argon2 hash in its text form.
fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("password").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("created_by").text().not_null())
        .primary_key(Index::create().col("tenant").col("name"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("user_name").text().not_null())
        .col(ColumnDef::new("access_sha256").text().not_null())
        .col(ColumnDef::new("access_expires_at").big_integer().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .to_owned()
}

/// Every refresh token of a session that is not over. One that comes a second time was stolen.
fn refresh_tokens() -> TableCreateStatement {
    Table::create()
        .table("refresh_tokens")
        .col(ColumnDef::new("sha256").text().not_null().primary_key())
        .col(ColumnDef::new("session_id").uuid().not_null())
        .col(ColumnDef::new("used_at").big_integer())
        .to_owned()
}

/// One row, counted up with every change to who may do what: whoever has kept an answer learns that it may be stale.
fn auth_changes() -> TableCreateStatement {
    Table::create()
        .table("auth_changes")
        .col(ColumnDef::new("id").big_integer().not_null().primary_key())
        .col(ColumnDef::new("version").big_integer().not_null())
        .to_owned()
}
