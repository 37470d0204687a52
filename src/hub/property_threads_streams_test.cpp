// What one client was sent, judged frame by frame against what was said.
#include "hub/testing_threads_courses.h"

namespace carillon::hub::threads {
namespace {

// A client's time in one channel, from the reply to its join.
struct Stay {
    bool open = false;
    bool placed = false;  // `next` is known
    std::uint64_t epoch = 0;
    std::uint64_t next = 0;       // place of the next publication in the course
    std::uint64_t live_from = 0;  // before that place it is replayed
    bool recovered = false;
    bool shows_members = true;
    std::uint32_t who = 0;  // present as member who - 1
    std::uint64_t roster = 0;
    std::array<std::int64_t, publishers> rank{};  // where the order is not known; -1: none yet
};

class StreamJudge {
 public:
    StreamJudge(const Stream& stream, const Courses& courses, const Scene& scene, Heard& live,
                Wrongs& wrongs)
        : stream_(stream), courses_(courses), scene_(scene), live_(live), wrongs_(wrongs) {}

    void run() {
        for (at_ = 0; at_ < stream_.heard.size() && !failed_; ++at_) judge(stream_.heard[at_]);
        if (!failed_) judge_the_end();
    }
    std::uint64_t holes() const { return holes_; }
    std::uint64_t gaps() const { return gaps_; }

 private:
    static constexpr const char* after_reply =
        "nothing of a channel precedes the join's reply or follows the leave's";

    void expect(bool holds, const std::string& what) {
        if (!holds) wrong(what);
    }
    // The first is told: the others may follow from it.
    void wrong(const std::string& what, const Head& head) {
        const bool event = head.tag == Tag::joined || head.tag == Tag::left;
        wrong(what + ": " +
              (event ? member_named(head.who) : text_of(Said{head.who, head.number})) + " in " +
              name_of(head) + text_of(head.position));
    }
    void wrong(const std::string& what) {
        if (failed_) return;
        failed_ = true;
        wrongs_.push_back(what + " (lane " + std::to_string(stream_.lane) +
                          (stream_.observer ? ", one that watches" : "") + ", session " +
                          std::to_string(stream_.session >> 40) + ", frame " + std::to_string(at_) +
                          ")");
    }
    void judge(const Head& head);
    void join(const Head& head);
    void message(const Head& head);
    void sent(const Head& head, const Attempt& attempt);
    void member(const Head& head);
    void in_course(Stay& stay, const Head& head);
    void by_rank(Stay& stay, const Head& head);
    void step_to(Stay& stay, const Course& course, std::uint64_t place, const Head& head);
    void hole(Stay& stay, Said missing, const Head& head);
    void leave_all() {
        for (auto& stay : stays_) stay.open = false;
        all_is_known_ = false;
    }
    void judge_the_end();
    void judge_the_end_of(std::uint8_t channel, Stay& stay);
    std::uint64_t sends_not_heard() const;
    static std::string name_of(const Head& head) {
        return head.channel < channels ? std::string(places[head.channel].name) : "no channel";
    }
    bool excluded(Said said) const {
        const auto* attempt = courses_.attempt(said);
        return attempt != nullptr && attempt->exclude == stream_.session;
    }

    const Stream& stream_;
    const Courses& courses_;
    const Scene& scene_;
    Heard& live_;
    Wrongs& wrongs_;
    std::array<Stay, channels> stays_;
    std::array<std::int64_t, publishers> last_sent_{-1, -1, -1, -1, -1};
    std::uint64_t sends_heard_ = 0;
    std::uint64_t holes_ = 0;
    std::uint64_t gaps_ = 0;
    bool all_is_known_ = true;  // which publications it had to be sent
    bool shown_members_ = false;
    bool said_bye_ = false;
    bool failed_ = false;
    std::size_t at_ = 0;
};

void StreamJudge::judge(const Head& head) {
    switch (head.tag) {
        case Tag::message:
            return message(head);
        case Tag::joined:
        case Tag::left:
            return member(head);
        case Tag::gap:
            gaps_ += head.number;
            return expect(stream_.notices, "only who asked for it is told of a gap");
        case Tag::join_reply:
            return join(head);
        case Tag::leave_reply:
            stays_[head.channel].open = false;
            all_is_known_ = false;
            return;
        case Tag::leave_all_reply:
            return leave_all();
        case Tag::bye:
            leave_all();
            said_bye_ = true;
            return;
        case Tag::other_reply:
            return;
    }
    expect(false, "frames are whole: there is one of no kind");
}

void StreamJudge::join(const Head& head) {
    Stay& stay = stays_[head.channel];
    expect(!stay.open && !said_bye_, "replies are in order: a join's came while it was there");
    stay = {.open = true, .epoch = head.position.epoch};
    stay.rank.fill(-1);
    stay.live_from = head.position.offset;
    stay.next = head.position.offset - head.number;
    stay.placed = places[head.channel].kept || stream_.observer;
    all_is_known_ = all_is_known_ && stay.placed;
    stay.recovered = head.recovery == Recovery::recovered;
    stay.shows_members = head.shows_members;
    shown_members_ = shown_members_ || head.shows_members;
    stay.who = head.who;
    stay.roster = head.roster;
    expect(places[head.channel].kept || head.position.offset == 0,
           "only what is kept has an offset");
    expect(!stay.recovered ||
               (head.asked.epoch == head.position.epoch && head.asked.offset == stay.next),
           "recovered is never wrong: " + name_of(head) + " was asked for " + text_of(head.asked) +
               ", and at " + text_of(head.position) + " said recovered with " +
               std::to_string(head.number) + " to come");
}

void StreamJudge::message(const Head& head) {
    const Said said{head.who, head.number};
    const auto* attempt = courses_.attempt(said);
    if (attempt == nullptr) return wrong("what is heard was said", head);
    if (!attempt->accepted) return wrong("a refused publication reaches nobody", head);
    if (attempt->exclude == stream_.session) return wrong("who is excluded does not hear", head);
    if (head.unix_ms != head.number) return wrong("a publication keeps its stamp", head);
    if (head.channel >= channels) return sent(head, *attempt);

    Stay& stay = stays_[head.channel];
    if (!stay.open) return wrong(after_reply, head);
    if ((attempt->channels >> head.channel & 1) == 0) {
        return wrong("a publication is heard where it was published", head);
    }
    if (head.position.epoch != stay.epoch) return wrong("a stay is in one life of a channel", head);
    const bool kept = places[head.channel].kept;
    if (!kept || head.position.offset > stay.live_from) ++live_[said.publisher][said.attempt];
    if (courses_.find(head.channel, stay.epoch) != nullptr) return in_course(stay, head);
    if (kept) return wrong("what is kept was given to the history", head);
    by_rank(stay, head);
}

void StreamJudge::in_course(Stay& stay, const Head& head) {
    const auto& course = *courses_.find(head.channel, stay.epoch);
    const Said said{head.who, head.number};
    std::uint64_t place = head.position.offset - 1;
    if (!course.is_kept) {
        const auto known = courses_.place_of(head.channel, said);
        if (known < 0) return wrong("all hear the same: who watches did not hear it", head);
        place = static_cast<std::uint64_t>(known);
    } else if (place >= course.said.size() || course.said[place] != said) {
        return wrong(stay.recovered ? "recovered is never wrong: another body is at that offset"
                                    : "an offset means one body: another is at that one",
                     head);
    }
    if (!stay.placed) stay.next = place;
    stay.placed = true;
    step_to(stay, course, place, head);
    stay.next = place + 1;
}

void StreamJudge::step_to(Stay& stay, const Course& course, std::uint64_t place, const Head& head) {
    if (place < stay.next) {
        return wrong("no duplicate, one order: number " + std::to_string(place) + " came when " +
                         std::to_string(stay.next) + " was next",
                     head);
    }
    for (; stay.next < place && !failed_; ++stay.next) {
        if (stay.next >= course.said.size() || excluded(course.said[stay.next])) continue;
        hole(stay, course.said[stay.next], head);
    }
}

void StreamJudge::hole(Stay& stay, Said missing, const Head& head) {
    ++holes_;
    const auto where = ": " + text_of(missing) + " is missing";
    if (places[head.channel].kept && stay.next < stay.live_from) {
        return wrong((stay.recovered ? "recovered is never wrong, its replay has no gap"
                                     : "a replay has no gap, and stands before what is newer") +
                         where,
                     head);
    }
    if (!stream_.may_be_dropped) return wrong("no gap for who is dropped nothing" + where, head);
    if (stream_.notices && holes_ > gaps_) {
        return wrong("where frames were dropped there is a notice" + where + ", the " +
                         std::to_string(holes_) + "th, and " + std::to_string(gaps_) + " were said",
                     head);
    }
}

// No observer, no history: the order of each publisher is known all the same.
void StreamJudge::by_rank(Stay& stay, const Head& head) {
    const Said said{head.who, head.number};
    const auto rank = courses_.rank_of(head.channel, said);
    auto& last = stay.rank[said.publisher];
    if (last >= rank) return wrong("no duplicate, and each publisher in its order", head);
    const auto& all = courses_.accepted(said.publisher, head.channel);
    for (auto i = last + 1; last >= 0 && i < rank && !failed_; ++i) {
        const Said missing{said.publisher, all[static_cast<std::size_t>(i)]};
        if (!excluded(missing)) hole(stay, missing, head);
    }
    last = rank;
}

void StreamJudge::sent(const Head& head, const Attempt& attempt) {
    if (attempt.to != stream_.session)
        return wrong("what is for one session reaches no other", head);
    if (said_bye_) return wrong("nothing is published to who was said goodbye to", head);
    if (last_sent_[head.who] >= head.number) {
        return wrong("what is sent to a session comes once, in its sender's order", head);
    }
    last_sent_[head.who] = head.number;
    ++live_[head.who][head.number];
    ++sends_heard_;
}

void StreamJudge::member(const Head& head) {
    if (head.channel >= channels) return wrong("a member event has a channel", head);
    Stay& stay = stays_[head.channel];
    if (!stay.open) return wrong(after_reply, head);
    if (!stay.shows_members) return wrong("who does not show members hears of none", head);
    if (stay.epoch != head.position.epoch) return wrong("a stay is in one life of a channel", head);
    const auto* course = courses_.find(head.channel, stay.epoch);
    if (places[head.channel].kept && course != nullptr) {
        step_to(stay, *course, head.position.offset, head);
    }
    if (stream_.may_be_dropped) return;
    const auto bit = std::uint64_t{1} << head.who;
    const bool joined = head.tag == Tag::joined;
    if (((stay.roster & bit) == 0) != joined) {
        return wrong("the roster of a join and the events after it fit", head);
    }
    if (!joined && head.who + 1 == stay.who) {
        return wrong("a member leaves with its last connection, and this one is there", head);
    }
    stay.roster ^= bit;
}

void StreamJudge::judge_the_end() {
    expect(!stream_.broken, "frames are whole");
    expect(stream_.goodbyes.size() <= 1, "a session is told of its end once");
    expect(stream_.goodbyes.empty() || !stream_.said_bye_itself,
           "who said goodbye by itself is not told so");
    for (const auto why : stream_.goodbyes) {
        const bool known = why == CloseReason::slow || why == CloseReason::memory ||
                           (why == CloseReason::kicked && stream_.ended);
        expect(known, "who closes by itself is not told so");
    }
    const bool to_the_end = stream_.rests >= scene_.acts && !said_bye_ && !failed_;
    if (!to_the_end) return;
    for (std::uint8_t i = 0; i < channels; ++i) {
        if (stays_[i].open) judge_the_end_of(i, stays_[i]);
    }
    const auto lost = sends_not_heard();
    expect(stream_.may_be_dropped || lost == 0, "what is sent to a session comes");
    holes_ += lost;
    expect(!stream_.notices || holes_ <= gaps_,
           "the notices say all that was dropped: " + std::to_string(holes_) + " are missing, " +
               std::to_string(gaps_) + " were said");
    const bool exactly = stream_.notices && all_is_known_ && (!shown_members_ || !scene_.presence);
    expect(!exactly || holes_ == gaps_,
           "the notices say no more than was dropped: " + std::to_string(gaps_) + " of " +
               std::to_string(holes_));
}

// It was there to the end and was sent all: what was said last has come, or was dropped.
void StreamJudge::judge_the_end_of(std::uint8_t channel, Stay& stay) {
    const auto* course = courses_.find(channel, stay.epoch);
    if (course == nullptr || !stay.placed) return;
    for (; stay.next < course->said.size() && !failed_; ++stay.next) {
        const auto& missing = course->said[stay.next];
        if (excluded(missing)) continue;
        ++holes_;
        expect(stream_.may_be_dropped,
               "what is said comes to who stays: " + std::string(places[channel].name) + " " +
                   text_of(missing) + " never did");
    }
}

std::uint64_t StreamJudge::sends_not_heard() const {
    return courses_.sent_to(stream_.session) - sends_heard_;
}

}  // namespace

std::vector<std::string> judge(const Record& record, const Scene& scene, Sightings& sightings) {
    Wrongs wrongs;
    const Courses courses(record, wrongs);
    Heard live;
    for (unsigned p = 0; p < publishers; ++p) live[p].resize(record.attempts[p].size());
    for (const auto& on_lane : record.streams) {
        for (const auto& stream : on_lane) {
            StreamJudge judged(*stream, courses, scene, live, wrongs);
            judged.run();
            sightings.note(*stream, judged.holes(), judged.gaps());
        }
    }
    for (unsigned p = 0; p < publishers; ++p) {
        for (std::uint32_t i = 0; i < live[p].size(); ++i) {
            const auto& attempt = record.attempts[p][i];
            if (!attempt.accepted) ++sightings.refused;
            if (live[p][i] <= attempt.matched) continue;
            wrongs.push_back("a publication reaches those it was matched for: " +
                             text_of(Said{p, i}) + " reached " + std::to_string(live[p][i]) +
                             ", matched " + std::to_string(attempt.matched));
            break;
        }
    }
    judge_presence(record, scene, wrongs, sightings);
    return wrongs;
}

}  // namespace carillon::hub::threads
