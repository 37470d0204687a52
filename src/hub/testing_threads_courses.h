// hub/testing_threads_courses.h: for tests only: what a round's channels said, in which order, as
// it is known when all is over: a kept channel's from what its history was told under the lock, an
// observed one's from somebody who heard all of it.
#pragma once

#include <map>
#include <unordered_map>

#include "hub/testing_threads.h"

namespace carillon::hub::threads {

using Wrongs = std::vector<std::string>;

std::string text_of(Said said);
std::string text_of(const Position& position);

// One life of a channel, in the order of its offsets or of an observer.
struct Course {
    std::vector<Said> said;
    bool is_kept = false;
};

class Courses {
 public:
    Courses(const Record& record, Wrongs& wrongs);

    // Null: nobody knows the order of that life.
    const Course* find(std::uint8_t channel, std::uint64_t epoch) const;
    // Where a publication stands in a channel that is observed and not kept; -1: nowhere.
    std::int64_t place_of(std::uint8_t channel, Said said) const;
    // The publications of one publisher that were accepted for a channel, and where one stands
    // among them; -1: it does not.
    const std::vector<std::uint32_t>& accepted(unsigned publisher, std::uint8_t channel) const {
        return accepted_[publisher][channel];
    }
    std::int64_t rank_of(std::uint8_t channel, Said said) const;
    const Attempt* attempt(Said said) const;
    std::uint64_t sent_to(std::uint64_t session) const {
        const auto at = sends_.find(session);
        return at == sends_.end() ? 0 : at->second;
    }

 private:
    void number_attempts();
    void read_lives(Wrongs& wrongs);
    void read_observers(Wrongs& wrongs);
    void expect_all_of(std::uint8_t channel, const std::vector<Said>& said, Wrongs& wrongs) const;

    const Record& record_;
    std::map<std::pair<std::uint8_t, std::uint64_t>, Course> kept_;  // by channel and epoch
    std::array<std::unique_ptr<Course>, channels> observed_;
    // by channel, publisher and attempt
    std::array<std::array<std::vector<std::int64_t>, publishers>, channels> places_;
    std::array<std::array<std::vector<std::int64_t>, publishers>, channels> ranks_;
    std::array<std::array<std::vector<std::uint32_t>, channels>, publishers> accepted_;
    std::unordered_map<std::uint64_t, std::uint64_t> sends_;  // accepted, by session
};

// How often each attempt was heard as it came.
using Heard = std::array<std::vector<std::uint32_t>, publishers>;
void judge_presence(const Record& record, const Scene& scene, Wrongs& wrongs, Sightings& sightings);

}  // namespace carillon::hub::threads
