// How things are written down while the hub runs on real threads.
#include "base/assert.h"
#include "hub/testing_frames.h"
#include "hub/testing_kept.h"
#include "hub/testing_threads_record.h"

namespace carillon::hub::threads {

using testing::checksum_bytes;
using testing::checksum_of;

namespace {

// Whoever holds a channel's lock loses its core here, more often than it would by itself.
void stumble(unsigned& calls) {
    if (++calls % 61 == 0) std::this_thread::yield();
}

struct KeptChannel final : testing::KeptRun {
    KeptChannel(Record& r, Life& l) : record(r), life(l) {}
    void append(const PublicationRef& publication, const Stamp& stamp, Now now,
                const CountdownRef& stored) override {
        if (stored != nullptr) stored->done_too({.stored = 1});
        life.entries.push_back({said_in(*publication), stamp});
        keep(publication, stamp, now, record.room);
        stumble(life.calls);
    }
    std::unique_ptr<Reader> read_after(std::uint64_t offset) const override {
        auto reader = KeptRun::read_after(offset);
        stumble(life.calls);
        return reader;
    }
    void trim(Now) override {
        forget_before(record.forget_before_ns.load(std::memory_order_relaxed));
    }
    Record& record;
    Life& life;
};

void close_frame(base::Buffer& out, std::size_t begin, std::size_t fill_bytes) {
    std::memset(out.prepare(fill_bytes), '.', fill_bytes);
    out.commit(fill_bytes);
    const auto sum = checksum_of(out.view(begin, out.size()));
    out.append({reinterpret_cast<const char*>(&sum), sizeof sum});
}

void append_frame(base::Buffer& out, Head head, std::size_t fill_bytes) {
    const auto begin = out.size();
    head.size = static_cast<std::uint32_t>(sizeof head + fill_bytes + checksum_bytes);
    out.append({reinterpret_cast<const char*>(&head), sizeof head});
    close_frame(out, begin, fill_bytes);
}

}  // namespace

std::string frame_of(Head head, std::size_t fill_bytes) {
    base::Buffer out;
    append_frame(out, head, fill_bytes);
    return std::string(out.view());
}

bool Format::encode(const Delivery& delivery, base::Buffer& out) const {
    const auto& publication = delivery.publication;
    Head head;
    head.tag = static_cast<Tag>(publication.kind());
    head.channel = channel_named(delivery.channel);
    head.unix_ms = delivery.stamp.unix_ms;
    head.position = delivery.stamp.position;
    switch (publication.kind()) {
        case Kind::message:
        case Kind::announcement: {
            const auto said = said_in(publication);
            head.who = said.publisher;
            head.number = said.attempt;
            break;
        }
        case Kind::joined:
        case Kind::left:
            if (!shows_members) return false;
            head.who = number_of(publication.member());
            break;
        case Kind::gap:
            head.number = static_cast<std::uint32_t>(std::stoul(std::string(publication.body())));
            break;
    }
    append_frame(out, head, fatness * publication.body().size());
    return true;
}

void Stream::take(std::string_view bytes) {
    rest.append(bytes);
    std::string_view left = rest;
    std::uint32_t size = 0;
    while (!broken && left.size() >= sizeof size) {
        std::memcpy(&size, left.data(), sizeof size);
        broken = size < sizeof(Head) + checksum_bytes;
        if (broken || left.size() < size) break;
        std::uint32_t sum = 0;
        std::memcpy(&sum, left.data() + size - sizeof sum, sizeof sum);
        broken = sum != checksum_of(left.substr(0, size - sizeof sum));
        if (broken) break;
        Head head;
        std::memcpy(static_cast<void*>(&head), left.data(), sizeof head);
        if (head.tag <= Tag::left) ++publications;
        heard.push_back(head);
        left.remove_prefix(size);
    }
    rest.erase(0, rest.size() - left.size());
}

PublicationRef make_publication(Said said, std::size_t fill_bytes, SessionId origin,
                                SessionId exclude) {
    std::string body(sizeof said + fill_bytes, '.');
    std::memcpy(body.data(), &said, sizeof said);
    return Publication::make({.body = body, .origin = origin, .exclude = exclude});
}

Said said_in(const Publication& publication) {
    Said said;
    std::memcpy(static_cast<void*>(&said), publication.body().data(), sizeof said);
    return said;
}

std::unique_ptr<ChannelHistory> Record::open(const App&, std::string_view channel, std::uint64_t) {
    auto life = std::make_unique<Life>();
    life->channel = channel_named(channel);
    auto& kept = *life;
    const std::lock_guard lock(lives_mutex_);
    lives.push_back(std::move(life));
    return std::make_unique<KeptChannel>(*this, kept);
}

void Record::record(const HostEvent& event) {
    const auto channel = channel_named(event.channel);
    if (channel == no_channel) {
        if (event.kind == HostEvent::Kind::member_added) members_added.fetch_add(1);
        if (event.kind == HostEvent::Kind::member_removed) members_removed.fetch_add(1);
        return;
    }
    auto& notes = host_notes[channel];
    notes.push_back({event.kind, event.member.empty() ? 0 : number_of(event.member)});
    if (notes.size() % 31 == 0) std::this_thread::yield();
}

void Sightings::note(const Stream& stream, std::uint64_t holes_in_it, std::uint64_t gaps_in_it) {
    holes += holes_in_it;
    gaps += gaps_in_it;
    heard += stream.publications;
    for (const auto why : stream.goodbyes) ++goodbyes[static_cast<std::size_t>(why)];
    for (const auto& head : stream.heard) {
        if (head.tag != Tag::join_reply) continue;
        ++recovered[static_cast<std::size_t>(head.recovery)];
        replayed += head.number;
    }
}

std::string Sightings::text() const {
    std::string all;
    const auto add = [&all](std::string_view name, std::uint64_t count) {
        if (count == 0) return;
        all.append(all.empty() ? "" : ", ").append(name).append(" ").append(std::to_string(count));
    };
    add("rounds", rounds);
    add("heard", heard);
    for (std::size_t i = 0; i < recoveries; ++i) {
        add(name_of(static_cast<Recovery>(i)), recovered[i]);
    }
    add("replayed", replayed);
    add("missing", holes);
    add("told missing", gaps);
    add("publications refused", refused);
    for (const auto why : {CloseReason::slow, CloseReason::memory, CloseReason::kicked}) {
        add("ended as " + std::string(name_of(why)), goodbyes[static_cast<std::size_t>(why)]);
    }
    add("member events", member_events);
    add("refused at a limit", refused_at_a_limit);
    return all;
}

}  // namespace carillon::hub::threads
