// hub/durable_subscription.h: one named subscription at work: its ledger under a mutex, its reader, its saves, its
// members' bells, and when it is to be looked at again. durable.h is what others see of it.
//
// Reading and saving are done by whoever comes along and finds them due, outside the mutex and one at a time;
// who comes meanwhile leaves it to him. What was refused or failed is saved again with the next change,
// or a second later. While it is, redeliveries are not held up: then their attempts are counted in
// memory only.
//
// Threads: any. The mutex is never held while a port or a ring is called.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "hub/durable.h"
#include "hub/durable_bells.h"
#include "hub/durable_ledger.h"

namespace carillon::hub {

class DurableSubscription;

// When which of them is to be looked at. Any thread; its mutex is inside that of a subscription.
class DurableDeadlines {
 public:
    using Ref = boost::intrusive_ptr<DurableSubscription>;
    // True: it is sooner now than anything was.
    bool move(const Ref& subscription, std::int64_t from_ns, std::int64_t to_ns);
    std::vector<Ref> take_due(std::int64_t now_ns);
    std::int64_t next_ns() const { return next_ns_.load(); }
    void on_sooner(std::function<void()> sooner);
    void tell();
    void clear();

 private:
    using Due = std::pair<std::int64_t, Ref>;
    std::mutex mutex_;
    std::set<Due> due_;
    bool closed_ = false;
    std::atomic<std::int64_t> next_ns_{base::never_ns};
    std::shared_ptr<const std::function<void()>> sooner_;
};

class DurableSubscription final : public Durable {
 public:
    struct Ports {
        History& history;
        Cursors& cursors;
        std::shared_ptr<DurableDeadlines> deadlines;
    };
    DurableSubscription(Ports ports, AppRef app, std::string_view channel, std::string_view name);

    // Loads what was saved, or begins as the terms say; the next time it only takes the terms.
    Result<void> start(const DurableTerms& terms, Now now);
    void tick(Now now);
    // Nobody is there, and all of it is saved.
    bool idle();
    // False: it has members, or the storage says no.
    bool forget();
    void save_now();

    Member join(std::function<void()> ring, bool alone) override;
    void leave(Member member) override;
    Take take(Member member, Now now, Taken& out) override;
    bool ack(Member member, std::uint64_t offset, Now now) override;
    bool extend(Member member, std::uint64_t offset, Now now) override;
    bool nack(Member member, std::uint64_t offset, std::string_view reason, Now now) override;
    std::uint64_t skip_lost(Now now) override;
    std::vector<DeadLetter> dead_letters() const override;
    bool replay_dead(std::uint64_t offset, Now now) override;
    bool drop_dead(std::uint64_t offset) override;
    Numbers numbers() const override;
    const std::string& name() const override { return name_; }
    const std::string& channel() const override { return channel_; }

    // Under which name the dead letters are saved: no name has a control character.
    static std::string dead_name(std::string_view name) { return std::string(name) + '\x01'; }

 private:
    using Lock = std::unique_lock<std::mutex>;

    Result<bool> load();
    Result<void> open_first(const From& from, bool is_known);
    History::Opened open_reader(const From& from, std::uint64_t last);
    bool look(Lock& lock, Member member, Taken& out, Take& answer);
    bool read(Lock& lock);
    bool read_replay(Lock& lock);
    void take_page(Reader::Page page, std::vector<Kept>& kept);
    void save(Lock& lock);
    bool hand_over(const DurableLedger::Note& note);
    void end(Lock& lock, bool ring);

    const Ports ports_;
    const AppRef app_;
    const std::string channel_;
    const std::string name_;
    const std::shared_ptr<DurableBells> bells_ = std::make_shared<DurableBells>();

    std::mutex start_mutex_;  // held while the ports are asked for the first time
    bool started_ = false;

    mutable std::mutex mutex_;
    DurableTerms terms_;
    DurableLedger ledger_;
    std::map<Member, std::shared_ptr<DurableBell>> members_;
    Member last_member_ = 0;
    bool alone_ = false;  // who is there wants to be the only one
    Now now_{};           // the last that was told

    std::unique_ptr<Reader> reader_;  // touched by whoever set reading_
    std::unique_ptr<Reader> replay_reader_;
    bool reading_ = false;
    bool turned_away_ = false;  // somebody came while it was set
    bool ring_ = false;         // when this call ends
    bool unresolved_ = false;   // where it begins is known with the first page
    bool lost_ = false;

    bool saving_ = false;
    bool forgotten_ = false;
    std::condition_variable saved_;
    std::int64_t retry_ns_ = base::never_ns;
    std::int64_t registered_ns_ = base::never_ns;
};

}  // namespace carillon::hub
