#include "net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/test_loop.h"
#include "net/test_peer.h"

namespace carillon::net {
namespace {

const base::SystemClock system_clock;

TEST(BindListener, refuses_a_second_server_on_the_same_port_and_names_the_place) {
    const Peer first(bind_listener("127.0.0.1", 0, true, 16).value());
    const std::uint16_t port = bound_port(first.fd());
    const Peer sibling(bind_listener("127.0.0.1", port, false, 16).value());
    const auto second = bind_listener("127.0.0.1", port, true, 16);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::io);
    EXPECT_THAT(second.error().message,
                testing::HasSubstr("127.0.0.1:" + std::to_string(port) + ": another process"));
}

TEST(BindListener, lets_a_sibling_in_only_after_a_first) {
    // A port of a plain server, which never said SO_REUSEPORT: not even a sibling gets in.
    Peer plain = Peer::unconnected();
    const Address anywhere = resolve("127.0.0.1", 0).value();
    ASSERT_EQ(::bind(plain.fd(), anywhere.get(), anywhere.size), 0);
    ASSERT_EQ(::listen(plain.fd(), 1), 0);
    EXPECT_FALSE(bind_listener("127.0.0.1", bound_port(plain.fd()), false, 16).has_value());
}

TEST(BindListener, restarts_on_a_port_whose_last_connections_linger) {
    Peer first(bind_listener("127.0.0.1", 0, true, 16).value());
    const std::uint16_t port = bound_port(first.fd());
    ::fcntl(first.fd(), F_SETFL, 0);
    const Peer client = Peer::connected(port);
    Peer server(::accept4(first.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    server.close();  // we close first: TIME_WAIT is on the server's port
    EXPECT_TRUE(client.sees_end());
    first.close();
    const auto again = bind_listener("127.0.0.1", port, true, 16);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    ::close(again.value());
}

TEST(BindListener, understands_literals_and_localhost_and_nothing_empty) {
    for (const char* host : {"127.0.0.1", "localhost", "0.0.0.0"}) {
        const auto fd = bind_listener(host, 0, true, 1);
        ASSERT_TRUE(fd.has_value()) << fd.error().message;
        EXPECT_GE(Peer::connected(bound_port(fd.value())).fd(), 0);
        ::close(fd.value());
    }
    EXPECT_EQ(bind_listener("", 80, true, 1).error().kind, ErrorKind::invalid);
    EXPECT_EQ(bind_listener("no such host", 80, true, 1).error().kind, ErrorKind::invalid);
    EXPECT_EQ(bind_listener("256.0.0.1", 80, true, 1).error().kind, ErrorKind::invalid);
}

TEST(BindListener, listens_on_ipv6_where_the_machine_has_it) {
    const auto fd = bind_listener("::1", 0, true, 1);
    if (!fd.has_value()) GTEST_SKIP() << fd.error().message;
    EXPECT_GE(Peer::connected(bound_port(fd.value()), "::1").fd(), 0);
    ::close(fd.value());
    const Peer both(bind_listener("::", 0, true, 1).value());  // and "::" hears IPv4
    EXPECT_GE(Peer::connected(bound_port(both.fd()), "127.0.0.1").fd(), 0);
}

TEST(Address, is_written_as_people_write_it) {
    EXPECT_EQ(to_text(resolve("10.1.2.3", 80).value().storage), "10.1.2.3:80");
    EXPECT_EQ(to_text(resolve("::1", 8080).value().storage), "[::1]:8080");
    EXPECT_EQ(to_text(sockaddr_storage{}), "-");
}

TEST(Listener, deals_the_clients_of_one_port_out_to_every_lane) {
    constexpr unsigned lanes = 3;
    constexpr int clients_max = 500;
    struct Lane {
        std::unique_ptr<LoopThread> thread;
        std::unique_ptr<Listener> listener;
        std::atomic<int> accepted{0};
    };
    std::array<Lane, lanes> all;
    std::uint16_t port = 0;
    for (unsigned i = 0; i < lanes; ++i) {
        Lane& lane = all[i];
        lane.thread = std::make_unique<LoopThread>(system_clock, i);
        const auto fd = bind_listener("127.0.0.1", port, i == 0, 128);
        ASSERT_TRUE(fd.has_value()) << fd.error().message;
        lane.thread->on_loop([&] {
            Loop& loop = lane.thread->loop();
            lane.listener = std::make_unique<Listener>(loop, fd.value(), [&](int client) {
                EXPECT_TRUE(loop.is_here());
                ++lane.accepted;
                ::close(client);
            });
            port = lane.listener->port();
        });
    }
    const auto everyone = [&] {
        return std::all_of(all.begin(), all.end(),
                           [](const Lane& lane) { return lane.accepted > 0; });
    };
    int clients = 0;
    for (; clients < clients_max && !everyone(); ++clients) {
        EXPECT_TRUE(Peer::connected(port).sees_end());
    }
    EXPECT_TRUE(everyone()) << "after " << clients;
    EXPECT_EQ(all[0].accepted + all[1].accepted + all[2].accepted, clients);
    for (Lane& lane : all) {
        lane.thread->on_loop([&] {
            EXPECT_EQ(lane.listener->accepted(), static_cast<std::uint64_t>(lane.accepted));
            lane.listener.reset();
        });
    }
}

// One lane, and the descriptors it was handed.
class ListenerTest : public testing::Test {
 protected:
    void listen(const base::Clock& clock, std::function<void(int)> on_accept) {
        fd_ = bind_listener("127.0.0.1", 0, true, 256).value();
        port_ = bound_port(fd_);
        thread_ = std::make_unique<LoopThread>(clock);
        on_accept_ = std::move(on_accept);
    }
    void start() {
        thread_->on_loop([&] { listener_.emplace(thread_->loop(), fd_, on_accept_); });
    }
    void keep(int fd) {
        const std::lock_guard lock(mutex_);
        kept_.push_back(std::make_unique<Peer>(fd));
    }
    std::size_t kept() {
        const std::lock_guard lock(mutex_);
        return kept_.size();
    }
    ~ListenerTest() override {
        if (thread_) thread_->on_loop([&] { listener_.reset(); });
    }

    int fd_ = -1;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Peer>> kept_;
    std::function<void(int)> on_accept_;
    std::unique_ptr<LoopThread> thread_;
    std::optional<Listener> listener_;
};

TEST_F(ListenerTest, lets_others_run_after_a_bounded_number_of_accepts) {
    constexpr std::size_t clients = 100;
    std::size_t accepted_before_the_others = 0;
    struct Others final : Task {
        void run() override { call(); }
        std::function<void()> call;
    } others;
    others.call = [&] { accepted_before_the_others = kept(); };
    listen(system_clock, [&](int fd) {
        if (kept() == 0) thread_->loop().defer(others);
        keep(fd);
    });
    std::vector<Peer> peers;  // in the backlog before anybody accepts
    peers.reserve(clients);
    for (std::size_t i = 0; i < clients; ++i) peers.push_back(Peer::connected(port_));
    start();
    EXPECT_TRUE(eventually([&] { return kept() == clients; }));
    thread_->on_loop([&] {
        EXPECT_EQ(accepted_before_the_others, static_cast<std::size_t>(Listener::accepts_per_turn));
    });
}

TEST_F(ListenerTest, may_be_closed_inside_on_accept_and_takes_nobody_after_that) {
    listen(system_clock, [&](int fd) {
        keep(fd);
        listener_->close();
    });
    const Peer one = Peer::connected(port_);
    const Peer two = Peer::connected(port_);
    start();
    EXPECT_TRUE(two.sees_end());
    EXPECT_EQ(kept(), 1U);
    EXPECT_FALSE(Peer::unconnected().connect(port_));
    thread_->on_loop([&] { listener_->close(); });
}

TEST_F(ListenerTest, survives_a_client_that_left_before_it_was_taken) {
    listen(system_clock, [&](int fd) { keep(fd); });
    Peer::connected(port_).reset();
    start();
    const Peer patient = Peer::connected(port_);
    EXPECT_TRUE(eventually([&] { return listener_->accepted() + listener_->failed() >= 2; }));
    EXPECT_GE(kept(), 1U);
}

// From construction to give_back(), no new descriptor from `limit` up.
class DescriptorLimit {
 public:
    explicit DescriptorLimit(int limit) {
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
        const rlimit lowered{static_cast<rlim_t>(limit), before_.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
    }
    ~DescriptorLimit() { give_back(); }
    void give_back() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

    static int lowest_free() {
        const int fd = ::dup(0);
        ::close(fd);
        return fd;
    }

 private:
    rlimit before_{};
};

TEST_F(ListenerTest, closes_clients_it_has_no_descriptor_for_and_goes_on_when_there_are_some) {
    listen(system_clock, [&](int fd) { keep(fd); });
    start();
    const Peer welcome = Peer::connected(port_);
    ASSERT_TRUE(eventually([&] { return kept() == 1; }));
    thread_->settle();  // the accept that finds nobody borrows a descriptor for a moment, too
    std::vector<Peer> refused;
    refused.reserve(5);
    for (int i = 0; i < 5; ++i) refused.push_back(Peer::unconnected());
    const Peer late = Peer::unconnected();
    {
        const DescriptorLimit limit(DescriptorLimit::lowest_free());
        for (const Peer& one : refused) {
            EXPECT_TRUE(one.connect(port_));
            EXPECT_TRUE(one.sees_end());
        }
        EXPECT_TRUE(eventually([&] { return listener_->refused_descriptors() == 5; }));
        EXPECT_EQ(kept(), 1U);
        kept_.clear();  // one descriptor comes free: the next client gets it, limit or no limit
        EXPECT_TRUE(late.connect(port_));
        EXPECT_TRUE(eventually([&] { return kept() == 1; }));
    }
    EXPECT_EQ(listener_->refused_descriptors(), 5U);
    EXPECT_EQ(listener_->pauses(), 0U);
}

TEST_F(ListenerTest, pauses_instead_of_spinning_when_even_the_reserve_is_lost) {
    base::ManualClock clock;
    listen(clock, [&](int fd) { keep(fd); });
    start();
    const auto a_second_later = [&] {
        clock.advance_ms(1000);
        thread_->on_loop([&] { thread_->loop().run_due_timers(); });
    };
    // The shorter round comes first for UBSan's sake: at the first virtual call of its kind it
    // opens a pipe, which needs descriptors. So does this timer.
    struct Nothing final : Timer {
        void on_timer(Now) override {}
    } nothing;
    thread_->on_loop([&] { thread_->loop().timers().arm(nothing, clock.now().steady_ns); });
    a_second_later();
    std::vector<Peer> clients;
    for (std::uint64_t round = 1; round <= 2; ++round) {
        clients.push_back(Peer::unconnected());
        const std::uint64_t before = listener_->pauses();
        {
            // Below the reserve itself: once given up it does not come back.
            const DescriptorLimit limit(3);
            EXPECT_TRUE(clients.back().connect(port_));
            ASSERT_TRUE(eventually([&] { return listener_->pauses() == before + 1; }));
            thread_->settle();
            EXPECT_EQ(listener_->pauses(), before + 1);  // the clock stands still; so does it
            if (round == 2) {
                a_second_later();
                EXPECT_EQ(listener_->pauses(), before + 2);
            }
            EXPECT_EQ(kept(), round - 1);
        }
        a_second_later();
        EXPECT_TRUE(eventually([&] { return kept() == round; }));
    }
    EXPECT_EQ(listener_->refused_descriptors(), 0U);

    // And has a reserve again.
    const Peer refused = Peer::unconnected();
    thread_->settle();
    const std::uint64_t pauses = listener_->pauses();
    const DescriptorLimit limit(DescriptorLimit::lowest_free());
    EXPECT_TRUE(refused.connect(port_));
    EXPECT_TRUE(refused.sees_end());
    EXPECT_TRUE(eventually([&] { return listener_->refused_descriptors() == 1; }));
    EXPECT_EQ(listener_->pauses(), pauses);
}

}  // namespace
}  // namespace carillon::net
