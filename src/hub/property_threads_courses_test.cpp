// What was said in each channel, and who was there.
#include "hub/testing_threads_courses.h"

namespace carillon::hub::threads {

std::string text_of(Said said) {
    return std::to_string(said.publisher) + "#" + std::to_string(said.attempt);
}
std::string text_of(const Position& position) {
    return "(" + std::to_string(position.epoch % 100'000) + ", " + std::to_string(position.offset) +
           ")";
}

Courses::Courses(const Record& record, Wrongs& wrongs) : record_(record) {
    number_attempts();
    read_lives(wrongs);
    read_observers(wrongs);
}

void Courses::number_attempts() {
    for (unsigned p = 0; p < publishers; ++p) {
        const auto& attempts = record_.attempts[p];
        for (const auto& one : attempts) {
            if (one.accepted && one.to != 0) ++sends_[one.to];
        }
        for (std::uint8_t c = 0; c < channels; ++c) {
            ranks_[c][p].assign(attempts.size(), -1);
            places_[c][p].assign(attempts.size(), -1);
            for (std::uint32_t i = 0; i < attempts.size(); ++i) {
                if (!attempts[i].accepted || (attempts[i].channels >> c & 1) == 0) continue;
                ranks_[c][p][i] = static_cast<std::int64_t>(accepted_[p][c].size());
                accepted_[p][c].push_back(i);
            }
        }
    }
}

void Courses::read_lives(Wrongs& wrongs) {
    std::array<std::vector<Said>, channels> all;
    for (const auto& life : record_.lives) {
        const auto name = std::string(places[life->channel].name);
        if (life->entries.empty()) continue;
        const auto epoch = life->entries.front().stamp.position.epoch;
        for (const auto& entry : life->entries) all[life->channel].push_back(entry.said);
        auto& course = kept_[{life->channel, epoch}];
        if (!course.said.empty()) {
            wrongs.push_back("two lives of a channel have two epochs: " + name + " got " +
                             std::to_string(epoch % 100'000) +
                             " twice, so who recovers is given what it has not missed");
            continue;
        }
        course.is_kept = true;
        for (const auto& entry : life->entries) course.said.push_back(entry.said);
        for (std::size_t i = 0; i < life->entries.size(); ++i) {
            const auto& position = life->entries[i].stamp.position;
            if (position.offset == i + 1 && position.epoch == epoch) continue;
            wrongs.push_back("a kept channel's offsets are 1, 2, 3…: " + name + " appended " +
                             text_of(position) + " as number " + std::to_string(i + 1));
            break;
        }
    }
    for (std::uint8_t c = 0; c < channels; ++c) {
        if (places[c].kept) expect_all_of(c, all[c], wrongs);
    }
}

// The first observer that was there to the end tells the order; the others are judged by it.
void Courses::read_observers(Wrongs& wrongs) {
    for (std::uint8_t c = 0; c < channels; ++c) {
        if (!places[c].observed || places[c].kept) continue;
        for (unsigned lane = 0; lane < lanes && observed_[c] == nullptr; ++lane) {
            for (const auto& stream : record_.streams[lane]) {
                if (!stream->observer || !stream->goodbyes.empty()) continue;
                observed_[c] = std::make_unique<Course>();
                for (const auto& head : stream->heard) {
                    if (head.tag != Tag::message || head.channel != c) continue;
                    const Said said{head.who, head.number};
                    if (attempt(said) == nullptr) continue;  // judged with the stream
                    places_[c][said.publisher][said.attempt] =
                        static_cast<std::int64_t>(observed_[c]->said.size());
                    observed_[c]->said.push_back(said);
                }
                break;
            }
        }
        if (observed_[c] != nullptr) expect_all_of(c, observed_[c]->said, wrongs);
    }
}

void Courses::expect_all_of(std::uint8_t channel, const std::vector<Said>& said,
                            Wrongs& wrongs) const {
    std::array<std::size_t, publishers> next{};
    const auto name = std::string(places[channel].name);
    for (const auto& one : said) {
        const auto& expected = accepted_[one.publisher][channel];
        const auto at = next[one.publisher]++;
        if (at >= expected.size() || expected[at] != one.attempt) {
            wrongs.push_back(
                "each publisher is heard in its own order, without gap or duplicate: " + name +
                " has " + text_of(one) + " where " +
                (at >= expected.size() ? std::string("nothing")
                                       : text_of(Said{one.publisher, expected[at]})) +
                " was due");
            return;
        }
    }
    for (unsigned p = 0; p < publishers; ++p) {
        if (next[p] != accepted_[p][channel].size()) {
            wrongs.push_back("what is accepted is heard: the last " +
                             std::to_string(accepted_[p][channel].size() - next[p]) +
                             " of publisher " + std::to_string(p) + " in " + name + " were not");
        }
    }
}

const Course* Courses::find(std::uint8_t channel, std::uint64_t epoch) const {
    if (!places[channel].kept) return observed_[channel].get();
    const auto at = kept_.find({channel, epoch});
    return at == kept_.end() ? nullptr : &at->second;
}

const Attempt* Courses::attempt(Said said) const {
    if (said.publisher >= publishers) return nullptr;
    const auto& attempts = record_.attempts[said.publisher];
    return said.attempt < attempts.size() ? &attempts[said.attempt] : nullptr;
}

std::int64_t Courses::place_of(std::uint8_t channel, Said said) const {
    return places_[channel][said.publisher][said.attempt];
}

std::int64_t Courses::rank_of(std::uint8_t channel, Said said) const {
    return ranks_[channel][said.publisher][said.attempt];
}

// ---- who was there, as host events say, written down under the channel's lock ----

namespace {

Wrongs judge_notes(std::uint8_t channel, const std::vector<HostNote>& notes,
                   std::uint32_t members_max) {
    std::uint64_t present = 0;
    bool occupied = false;
    Wrongs wrongs;
    const auto expect = [&](bool holds, const std::string& what) {
        if (!holds && wrongs.empty()) {
            wrongs.push_back(what + " (host events of " + std::string(places[channel].name) + ")");
        }
    };
    for (const auto& note : notes) {
        const auto bit = std::uint64_t{1} << note.member;
        const auto who = member_named(note.member);
        switch (note.kind) {
            case HostEvent::Kind::occupied:
                expect(!occupied, "a channel is occupied and vacated in turn");
                occupied = true;
                break;
            case HostEvent::Kind::vacated:
                expect(occupied, "a channel is occupied and vacated in turn");
                expect(present == 0, "a vacated channel has no members");
                occupied = false;
                break;
            case HostEvent::Kind::member_added:
                expect((present & bit) == 0,
                       "a member is added and removed in turn: " + who + " is added twice");
                present |= bit;
                break;
            case HostEvent::Kind::member_removed:
                expect((present & bit) != 0,
                       "a member is added and removed in turn: " + who + " is removed twice");
                present &= ~bit;
                break;
            default:
                expect(false, "nobody asked for more");
        }
        expect(static_cast<std::uint32_t>(__builtin_popcountll(present)) <= members_max,
               "members are never more than presence_members_max");
    }
    expect(!occupied && present == 0, "when all have left, nobody is there");
    return wrongs;
}

}  // namespace

void judge_presence(const Record& record, const Scene& scene, Wrongs& wrongs,
                    Sightings& sightings) {
    for (std::uint8_t c = 0; c < channels; ++c) {
        const auto& notes = record.host_notes[c];
        for (auto& what : judge_notes(c, notes, scene.app.presence_members_max)) {
            wrongs.push_back(std::move(what));
        }
        std::vector<std::pair<Tag, unsigned>> decided;
        for (const auto& note : notes) {
            if (note.kind == HostEvent::Kind::member_added)
                decided.emplace_back(Tag::joined, note.member);
            if (note.kind == HostEvent::Kind::member_removed)
                decided.emplace_back(Tag::left, note.member);
        }
        sightings.member_events += decided.size();
        if (!places[c].observed) continue;
        for (const auto& on_lane : record.streams) {
            for (const auto& stream : on_lane) {
                if (!stream->observer || !stream->goodbyes.empty()) continue;
                std::vector<std::pair<Tag, unsigned>> heard;
                bool shows_members = true;
                for (const auto& head : stream->heard) {
                    if (head.channel != c) continue;
                    if (head.tag == Tag::join_reply) shows_members = head.shows_members;
                    if (head.tag == Tag::joined || head.tag == Tag::left)
                        heard.emplace_back(head.tag, head.who);
                }
                if (!shows_members || heard == decided) continue;
                wrongs.push_back(
                    "who watches hears each member join and leave once, in the order that was "
                    "decided: on lane " +
                    std::to_string(stream->lane) + " " + std::to_string(heard.size()) +
                    " events of " + std::string(places[c].name) + ", " +
                    std::to_string(decided.size()) + " were decided");
            }
        }
    }
}

}  // namespace carillon::hub::threads
