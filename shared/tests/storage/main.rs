//! The storage contract, against real databases: what each statement does, and that prefixes, guards and recovery hold.
//! Every test runs on every back end; see `support.rs` for where the servers come from.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::similar_names,
    reason = "a broken expectation must stop the test"
)]

mod arrivals;
mod attempts;
mod batch;
mod coordination;
mod credentials;
mod faults;
mod findings;
mod fixtures;
mod grants;
mod jobs;
mod keys;
mod lists;
mod locks;
mod named;
mod people;
mod predecessor;
mod retention;
mod schema;
mod servers;
mod statistics;
mod support;
mod tokens;
mod transactions;
mod upgrade;
mod values;

/// One module for each back end, with the same tests.
macro_rules! contract {
    ($($module:ident: $($test:ident),+ $(,)?;)+) => {
        contract!(@ sqlite Sqlite $($($module $test)+)+);
        contract!(@ mysql MySql $($($module $test)+)+);
        contract!(@ postgres Postgres $($($module $test)+)+);
    };
    (@ $name:ident $dialect:ident $($module:ident $test:ident)+) => {
        mod $name {
            $(#[tokio::test]
            async fn $test() {
                crate::support::run(rt_manage_shared::db::Dialect::$dialect, crate::$module::$test).await;
            })+
        }
    };
}

contract! {
    schema:
        migrations_repeat_and_prefixes_keep_installations_apart,
        several_processes_may_migrate_at_once,
        what_was_applied_is_told_with_its_time,
        a_schema_from_the_future_is_refused,
        a_missing_schema_is_named,
        a_migration_that_was_cut_off_is_completed,
        all_back_ends_have_the_same_schema;
    values:
        texts_are_compared_byte_by_byte,
        null_and_extreme_values_come_back,
        the_database_tells_its_time;
    grants:
        the_guard_decides_by_what_stands_in_the_row,
        what_is_matched_counts_even_if_nothing_changes,
        of_racing_guards_exactly_one_wins,
        many_transitions_are_written_at_once_or_reported,
        due_grants_come_in_order_and_only_when_due,
        a_row_that_contradicts_itself_is_named;
    attempts:
        attempts_move_forward_only,
        attempts_wait_in_lines_and_are_pushed_from_them,
        a_page_of_a_line_is_found_by_its_index,
        many_attempts_are_written_at_once_or_reported,
        the_uses_of_a_token_are_remembered,
        of_many_uses_the_newest_are_remembered;
    credentials: credentials_are_found_changed_buried_and_purged;
    predecessor:
        the_predecessors_tables_are_read_whatever_their_types,
        an_older_version_may_lack_columns_and_settings;
    arrivals:
        many_credentials_are_added_at_once_and_found_by_what_they_are,
        what_was_done_with_many_tokens_is_told;
    lists:
        every_filter_in_every_order_lists_what_it_should,
        shares_are_counted;
    findings:
        credentials_are_counted_by_state,
        a_state_is_found_by_its_index,
        the_history_of_a_credential_comes_in_pages,
        where_a_doubt_comes_from,
        orphans_come_in_pages_with_names;
    jobs:
        jobs_are_found_by_id_key_kind_and_state,
        a_job_has_one_runner,
        items_are_settled_and_counted_together,
        items_follow_their_attempts,
        parts_wait_in_their_order,
        jobs_that_ended_long_ago_are_removed_in_batches,
        all_that_a_filter_finds_is_collected_in_windows,
        many_credentials_are_changed_at_once_or_reported;
    statistics:
        endings_are_added_up_by_the_hour,
        all_credentials_are_counted,
        the_newest_snapshot_stays,
        egresses_are_listed_and_paused,
        open_attempts_come_in_pages,
        workers_are_known_for_a_while;
    retention:
        old_attempts_are_removed_but_for_those_that_are_needed,
        deleted_credentials_are_purged_when_nothing_can_come_any_more,
        old_entries_go_in_batches;
    upgrade: rows_of_the_first_version_are_understood;
    keys:
        keys_are_found_changed_and_revoked,
        hand_outs_add_up,
        of_hand_outs_counted_at_once_none_is_lost,
        credentials_are_looked_up_within_reach;
    named:
        settings_have_versions,
        proxies_have_names_and_users,
        client_ids_have_names_and_users;
    tokens: spent_tokens_and_orphans_are_kept_once;
    coordination:
        workers_leases_and_egresses,
        of_many_workers_one_tries_an_egress,
        holds_written_at_once_leave_the_longest,
        the_installations_own_rows;
    people:
        people_are_added_changed_and_removed,
        sessions_end_one_by_one_and_are_pruned,
        the_log_is_found_by_each_filter_and_pruned,
        the_log_is_found_by_its_indexes;
    locks:
        embedded_processes_are_alone,
        processes_over_redis_are_together,
        of_two_modes_at_once_at_most_one_is_admitted,
        a_lock_that_was_lost_is_taken_again;
    transactions:
        a_failed_statement_ends_its_transaction,
        an_insert_that_finds_its_row_does_no_harm,
        what_others_commit_is_seen_at_once,
        transactions_take_turns,
        a_transaction_that_is_dropped_leaves_nothing;
    batch:
        dead_locks_are_repeated,
        one_bad_item_harms_no_other;
    faults:
        reads_and_transactions_survive_cut_connections,
        a_write_through_a_cut_connection_is_reported,
        a_read_only_database_is_told_and_read,
        a_full_disk_is_told,
        a_transaction_that_the_database_has_ended_by_itself_harms_no_later_one,
        each_error_code_has_its_kind,
        lost_tables_are_a_temporary_fault;
    servers:
        what_cannot_be_opened_is_explained,
        durability_is_insisted_on,
        unused_connections_are_closed,
        connections_are_protected_as_configured,
        sockets_are_hosts_too;
}
