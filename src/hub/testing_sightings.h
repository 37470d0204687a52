// hub/testing_sightings.h: for tests only: how often random schedules met what they are meant to
// meet. A situation that is never met is not tested, whatever the model says about it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hub/outcome.h"

namespace carillon::hub::testing {

struct Sightings {
    using Count = std::uint64_t;

    Count overloaded = 0;
    Count dropped_newest = 0;
    Count dropped_oldest = 0;
    Count closed_by_policy = 0;
    Count closed_for_memory = 0;
    Count given_up = 0;              // of these, without a goodbye
    Count given_up_for_replies = 0;  // or for what was on its way; the others were leaving already
    Count stepped_over = 0;
    Count sealed_at_64_kib = 0;
    Count committed = 0;
    Count walks_cut_short = 0;
    Count rejoined_at_once = 0;
    Count unsettled_leaves = 0;
    Count direct_writes = 0;
    Count read_on_in_a_write = 0;
    Count delivered = 0;
    Count silenced = 0;

    // limits and presence
    Count limit_connections = 0;
    Count limit_presence = 0;
    Count present_on_several_lanes = 0;
    Count present_till_the_last = 0;  // left, and another connection of the member stayed

    // what channels keep
    Count later_lives = 0;
    Count passing = 0;          // heard, but never kept
    Count forgotten = 0;        // publications that a sweep let go of
    Count gone_in_a_sweep = 0;  // channels
    std::array<Count, recoveries> recovery{};
    Count recovered_nothing = 0;  // because nothing was missed
    Count newest_replayed = 0;
    Count no_room_on_the_lane = 0;
    Count thrown_away = 0;
    Count refused_at_the_end = 0;  // its session was ended between the join and the replay

    // replays
    Count live_behind_a_replay = 0;
    Count excluded_in_a_replay = 0;
    Count hidden_in_a_replay = 0;
    Count opened_to_nothing = 0;  // the front of a queue, of which nothing was shown
    Count pages = 0;              // of replays that took several
    Count committed_replays = 0;
    Count left_before_its_replay = 0;
    Count silenced_before_its_replay = 0;
    Count cut_replays = 0;
    Count cut_half_encoded = 0;
    Count closed_half_encoded = 0;
    Count two_replays = 0;        // in one queue
    Count more_than_a_round = 0;  // of those who replay on one lane

    // gap notices
    Count gaps_heard = 0;
    Count gaps_merged = 0;
    Count gaps_hidden = 0;
    Count committed_gaps = 0;
    Count several_gaps = 0;  // in one queue

    // bytes that are half on their way as a TLS record
    Count records = 0;
    Count records_of_several_frames = 0;
    Count records_from_the_middle_of_a_frame = 0;
    Count records_at_once = 0;
    Count records_blocked_again = 0;
    Count records_moved = 0;
    Count replayed_in_a_record = 0;
    Count gaps_in_a_record = 0;
    Count dropped_newest_behind_a_record = 0;
    Count dropped_oldest_behind_a_record = 0;
    Count closed_by_policy_behind_a_record = 0;
    Count gaps_behind_a_record = 0;
    Count ended_behind_a_record = 0;
    Count closed_with_a_record = 0;

    // a reader that takes one byte at a time
    Count single_bytes = 0;
    Count single_bytes_of_replays = 0;
    Count single_bytes_of_gaps = 0;
};

inline std::vector<std::pair<std::string, Sightings::Count>> named(const Sightings& seen) {
    std::vector<std::pair<std::string, Sightings::Count>> all = {
        {"overloaded", seen.overloaded},
        {"dropped newest", seen.dropped_newest},
        {"dropped oldest", seen.dropped_oldest},
        {"closed by policy", seen.closed_by_policy},
        {"closed for memory", seen.closed_for_memory},
        {"given up", seen.given_up},
        {"given up for replies", seen.given_up_for_replies},
        {"stepped over", seen.stepped_over},
        {"sealed at 64 KiB", seen.sealed_at_64_kib},
        {"committed remainders", seen.committed},
        {"walks cut short", seen.walks_cut_short},
        {"rejoined at once", seen.rejoined_at_once},
        {"unsettled leaves", seen.unsettled_leaves},
        {"direct writes", seen.direct_writes},
        {"read on in a write", seen.read_on_in_a_write},
        {"delivered", seen.delivered},
        {"silenced", seen.silenced},
        {"refused at connections_max", seen.limit_connections},
        {"refused at presence_members_max", seen.limit_presence},
        {"present on several lanes", seen.present_on_several_lanes},
        {"left but still present", seen.present_till_the_last},
        {"later lives of a channel", seen.later_lives},
        {"only passing", seen.passing},
        {"forgotten by a sweep", seen.forgotten},
        {"channels gone in a sweep", seen.gone_in_a_sweep},
        {"recovered nothing", seen.recovered_nothing},
        {"newest replayed", seen.newest_replayed},
        {"no room for a replay on the lane", seen.no_room_on_the_lane},
        {"replays thrown away", seen.thrown_away},
        {"replays refused at the end", seen.refused_at_the_end},
        {"live frames behind a replay", seen.live_behind_a_replay},
        {"excluded in a replay", seen.excluded_in_a_replay},
        {"hidden in a replay", seen.hidden_in_a_replay},
        {"fronts opened to nothing", seen.opened_to_nothing},
        {"further pages of a replay", seen.pages},
        {"committed frames of replays", seen.committed_replays},
        {"left before its replay was sent", seen.left_before_its_replay},
        {"silenced before its replay was sent", seen.silenced_before_its_replay},
        {"replays cut by an end", seen.cut_replays},
        {"cut half encoded", seen.cut_half_encoded},
        {"closed half encoded", seen.closed_half_encoded},
        {"two replays in a queue", seen.two_replays},
        {"more replays than take turns in a round", seen.more_than_a_round},
        {"gap notices heard", seen.gaps_heard},
        {"gap notices merged", seen.gaps_merged},
        {"gap notices not shown", seen.gaps_hidden},
        {"committed gap notices", seen.committed_gaps},
        {"several gap notices in a queue", seen.several_gaps},
        {"records on their way", seen.records},
        {"records of several frames", seen.records_of_several_frames},
        {"records from the middle of a frame", seen.records_from_the_middle_of_a_frame},
        {"records begun in a walk", seen.records_at_once},
        {"records blocked again", seen.records_blocked_again},
        {"records moved to other memory", seen.records_moved},
        {"replayed in a record", seen.replayed_in_a_record},
        {"gap notices in a record", seen.gaps_in_a_record},
        {"dropped newest behind a record", seen.dropped_newest_behind_a_record},
        {"dropped oldest behind a record", seen.dropped_oldest_behind_a_record},
        {"closed by policy behind a record", seen.closed_by_policy_behind_a_record},
        {"gap notices behind a record", seen.gaps_behind_a_record},
        {"ended behind a record", seen.ended_behind_a_record},
        {"closed with a record", seen.closed_with_a_record},
        {"single bytes", seen.single_bytes},
        {"single bytes of replays", seen.single_bytes_of_replays},
        {"single bytes of gap notices", seen.single_bytes_of_gaps},
    };
    for (std::size_t i = 0; i < recoveries; ++i) {
        all.emplace_back("recovery " + std::string(name_of(static_cast<Recovery>(i))),
                         seen.recovery[i]);
    }
    return all;
}

}  // namespace carillon::hub::testing
