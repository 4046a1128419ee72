//! All checks in one call.

use super::{asides, audit, commits, reads, subject::Subject};
use crate::journal::Journal;

/// Runs every check. Panics at the first thing the journal does wrong.
pub async fn check(journal: &dyn Journal) {
    let journal = Subject(journal);
    commits::positions_rise_in_the_order_of_commits(journal).await;
    commits::a_job_is_the_fold_of_its_stored_records(journal).await;
    commits::the_row_is_that_of_the_last_record(journal).await;
    commits::a_record_that_does_not_continue_its_job_is_refused(journal).await;
    commits::a_refused_batch_leaves_nothing_behind(journal).await;
    reads::live_jobs_are_those_that_have_not_ended(journal).await;
    reads::histories_hold_what_a_snapshot_does_not(journal).await;
    reads::records_are_read_after_a_seq_and_up_to_a_limit(journal).await;
    reads::a_job_may_fill_a_commit_by_itself(journal).await;
    reads::tenants_see_their_own(journal).await;
    reads::jobs_are_listed_newest_first_by_page_kind_and_state(journal).await;
    asides::a_key_is_remembered_until_it_expires_and_may_be_used_again(journal).await;
    asides::approvals_are_listed_newest_first_and_replaced_by_id(journal).await;
    asides::effects_are_listed_newest_first_and_replaced_by_id(journal).await;
    asides::supervision_events_get_rising_ids(journal).await;
    audit::entries_are_kept_by_tenant_in_the_order_of_commits(journal).await;
    audit::a_refused_batch_tells_the_audit_log_nothing(journal).await;
    commits::a_full_batch_of_many_jobs_is_committed_at_once(journal).await;
    commits::an_empty_batch_is_no_commit(journal).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::MemoryJournal;

    #[tokio::test]
    async fn the_journal_in_memory_conforms() {
        let journal = MemoryJournal::default();
        check(&journal).await;
        check(&journal).await;
    }
}
