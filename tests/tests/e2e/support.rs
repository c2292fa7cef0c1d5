//! What several modules of these tests share.

use rt_manage_shared::{
    bootstrap,
    config::{Config, LoadOptions},
    db::Db,
};
use rt_manage_tests::support::SystemBuilder;

/// The system's database, opened beside it.
pub(crate) async fn database(builder: &SystemBuilder) -> Db {
    let file = builder
        .folder()
        .join("data/tokens.db")
        .display()
        .to_string();
    let is_server = builder
        .environment()
        .iter()
        .any(|(name, _)| name == "RTM_DATABASE__TYPE");
    let options = LoadOptions {
        file: None,
        env: builder.environment().to_vec(),
        flags: if is_server {
            Vec::new()
        } else {
            vec![("database.database".to_owned(), file)]
        },
    };
    let loaded = Config::load(&options).unwrap();
    bootstrap::open_database(&loaded.config).await.unwrap()
}
