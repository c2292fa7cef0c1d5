//! What several modules of these tests share.

use rt_manage_shared::db::Db;
use rt_manage_tests::support::SystemBuilder;

/// The system's database, opened beside it.
pub(crate) async fn database(builder: &SystemBuilder) -> Db {
    builder.database().await
}
