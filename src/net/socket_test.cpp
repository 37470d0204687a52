#include "net/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/test_loop.h"
#include "net/test_peer.h"

namespace carillon::net {
namespace {

const base::SystemClock system_clock;

// A loop, a Socket on it and the peer at the other end.
class SocketTest : public testing::Test {
 protected:
    ~SocketTest() override {
        thread_.on_loop([&] { socket_.reset(); });
    }

    void open() {
        Pair pair = connected_pair();
        peer_.emplace(std::move(pair.theirs));
        thread_.on_loop([&, fd = pair.ours] { socket_.emplace(thread_.loop(), fd, ready_); });
    }

    // On the loop: everything that is there, and how it stopped.
    Io drain(std::string& into) {
        char bytes[4096];
        for (;;) {
            const Io io = socket_->receive(bytes);
            if (io.state != Io::ok) return io;
            into.append(bytes, io.bytes);
        }
    }

    // On the loop: until the kernel takes no more; how much that was.
    std::size_t fill() {
        const std::string chunk(65536, 'x');
        std::size_t sent = 0;
        for (;;) {
            const Io io = socket_->send(chunk);
            if (io.state != Io::ok) {
                EXPECT_EQ(io.state, Io::again);
                return sent;
            }
            sent += io.bytes;
        }
    }

    LoopThread thread_{system_clock};
    CallReady ready_;
    std::optional<Peer> peer_;
    std::optional<Socket> socket_;
};

TEST_F(SocketTest, carries_bytes_both_ways_and_says_again_when_there_are_none) {
    open();
    std::string heard;
    std::atomic<bool> done{false};
    ready_.readable = [&] {
        EXPECT_EQ(drain(heard).state, Io::again);
        done = heard == "hello";
        socket_->want_readable();
    };
    thread_.on_loop([&] {
        char byte[1];
        EXPECT_EQ(socket_->receive(byte).state, Io::again);
        socket_->want_readable();
        socket_->want_readable();  // free
        EXPECT_EQ(socket_->send("over ").bytes, 5U);
        std::string a = "to ";
        std::string b = "you";
        const iovec pieces[] = {{a.data(), a.size()}, {b.data(), b.size()}};
        EXPECT_EQ(socket_->send(pieces).bytes, 6U);
    });
    EXPECT_EQ(peer_->receive(11), "over to you");
    EXPECT_TRUE(peer_->send("hel"));
    EXPECT_TRUE(peer_->send("lo"));
    EXPECT_TRUE(eventually([&] { return done.load(); }));
}

TEST_F(SocketTest, calls_once_for_one_want) {
    open();
    std::atomic<int> calls{0};
    ready_.readable = [&] { ++calls; };
    thread_.on_loop([&] { socket_->want_readable(); });
    EXPECT_TRUE(peer_->send("a"));
    EXPECT_TRUE(eventually([&] { return calls == 1; }));
    EXPECT_TRUE(peer_->send("b"));
    thread_.settle();
    EXPECT_EQ(calls, 1);
    // What was there before the want is not missed.
    thread_.on_loop([&] { socket_->want_readable(); });
    EXPECT_TRUE(eventually([&] { return calls == 2; }));
}

TEST_F(SocketTest, waits_for_both_directions_at_once) {
    open();
    std::atomic<int> readable{0};
    std::atomic<int> writable{0};
    ready_.readable = [&] { ++readable; };
    ready_.writable = [&] { ++writable; };
    std::size_t sent = 0;
    thread_.on_loop([&] {
        sent = fill();
        socket_->want_writable();
        socket_->want_readable();
    });
    thread_.settle();
    EXPECT_EQ(writable, 0);
    EXPECT_EQ(readable, 0);
    EXPECT_TRUE(peer_->send("still there?"));
    EXPECT_TRUE(eventually([&] { return readable == 1; }));
    EXPECT_EQ(writable, 0);
    EXPECT_EQ(peer_->receive(sent).size(), sent);
    EXPECT_TRUE(eventually([&] { return writable == 1; }));
}

TEST_F(SocketTest, says_writable_at_once_when_it_is) {
    open();
    std::atomic<int> writable{0};
    ready_.writable = [&] { ++writable; };
    thread_.on_loop([&] { socket_->want_writable(); });
    EXPECT_TRUE(eventually([&] { return writable == 1; }));
    thread_.on_loop([&] { socket_->want_writable(); });
    EXPECT_TRUE(eventually([&] { return writable == 2; }));
}

TEST_F(SocketTest, sends_a_part_when_there_is_no_room_for_all) {
    open();
    thread_.on_loop([&] {
        const std::string much(64 << 20, 'x');
        const Io first = socket_->send(much);
        EXPECT_EQ(first.state, Io::ok);
        EXPECT_LT(first.bytes, much.size());
        fill();
        EXPECT_EQ(socket_->send("one more").state, Io::again);
    });
}

TEST_F(SocketTest, sends_the_first_pieces_of_more_than_the_kernel_takes_at_once) {
    open();
    char byte = 'p';
    thread_.on_loop([&] {
        const std::vector<iovec> pieces(Socket::pieces_max + 7, iovec{&byte, 1});
        EXPECT_EQ(socket_->send(pieces).bytes, Socket::pieces_max);
    });
    EXPECT_EQ(peer_->receive(Socket::pieces_max), std::string(Socket::pieces_max, 'p'));
}

TEST_F(SocketTest, reports_the_peers_orderly_end_and_may_still_send) {
    open();
    std::atomic<bool> ended{false};
    ready_.readable = [&] {
        std::string heard;
        const Io io = drain(heard);
        EXPECT_EQ(io.state, Io::closed);
        EXPECT_EQ(io.error, 0);
        EXPECT_EQ(heard, "bye");
        EXPECT_EQ(socket_->send("farewell").state, Io::ok);
        ended = true;
    };
    EXPECT_TRUE(peer_->send("bye"));
    ::shutdown(peer_->fd(), SHUT_WR);
    thread_.on_loop([&] { socket_->want_readable(); });
    EXPECT_EQ(peer_->receive(8), "farewell");
    EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST_F(SocketTest, reports_a_reset_to_both_directions) {
    open();
    std::atomic<bool> reset{false};
    ready_.readable = [&] {
        std::string heard;
        const Io io = drain(heard);
        EXPECT_EQ(io.state, Io::closed);
        EXPECT_EQ(io.error, ECONNRESET);
        EXPECT_EQ(socket_->send("anyone?").state, Io::closed);  // and no SIGPIPE
        reset = true;
    };
    thread_.on_loop([&] { socket_->want_readable(); });
    peer_->reset();
    EXPECT_TRUE(eventually([&] { return reset.load(); }));
}

TEST_F(SocketTest, wakes_a_writer_whose_peer_reset) {
    open();
    std::atomic<bool> woken{false};
    ready_.writable = [&] {
        EXPECT_EQ(socket_->send("anyone?").state, Io::closed);
        woken = true;
    };
    thread_.on_loop([&] {
        fill();
        socket_->want_writable();
    });
    peer_->reset();
    EXPECT_TRUE(eventually([&] { return woken.load(); }));
}

TEST_F(SocketTest, ends_its_own_sending_and_still_receives) {
    open();
    thread_.on_loop([&] {
        EXPECT_EQ(socket_->send("last").state, Io::ok);
        socket_->finish_sending();
    });
    EXPECT_EQ(peer_->receive(100), "last");
    EXPECT_TRUE(peer_->send("thanks"));
    std::string heard;
    EXPECT_TRUE(eventually([&] {
        thread_.on_loop([&] { drain(heard); });
        return heard == "thanks";
    }));
}

TEST_F(SocketTest, may_be_destroyed_inside_its_own_callback) {
    for (int i = 0; i < 50; ++i) {
        open();
        std::atomic<int> calls{0};
        const auto destroy = [&] {
            ++calls;
            socket_.reset();
        };
        ready_.readable = destroy;
        ready_.writable = destroy;
        EXPECT_TRUE(peer_->send("x"));
        // Readable and writable in the same look at epoll: Asio queues both, and the second must
        // find nobody.
        thread_.on_loop([&] {
            socket_->want_readable();
            socket_->want_writable();
        });
        EXPECT_TRUE(eventually([&] { return calls > 0; }));
        thread_.settle();
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(peer_->receive(1), "");  // closed
    }
}

TEST_F(SocketTest, never_calls_after_its_destruction_though_readiness_was_queued) {
    open();
    ready_.readable = [&] { ADD_FAILURE() << "called after destruction"; };
    thread_.on_loop([&] {
        socket_->want_readable();
        EXPECT_TRUE(peer_->send("x"));  // ready before the loop looks again
        socket_.reset();
    });
    thread_.settle();
}

// Asio gives the record of a closed descriptor to the next one while an event of the old may still
// be queued.
TEST_F(SocketTest, keeps_the_readiness_of_one_socket_from_the_waits_of_its_successor) {
    open();
    Pair second = connected_pair();
    std::optional<Socket> successor;
    CallReady successors;
    std::atomic<int> truly{0};
    successors.readable = [&] {
        char bytes[8];
        if (successor->receive(bytes).state == Io::ok)
            ++truly;  // `again`: spurious, which is allowed
        successor->want_readable();
    };
    CallReady killer_ready;
    Pair killer_pair = connected_pair();
    std::optional<Socket> killer;
    killer_ready.readable = [&] {
        socket_.reset();
        successor.emplace(thread_.loop(), second.ours, successors);
        successor->want_readable();
    };
    thread_.on_loop([&] {
        killer.emplace(thread_.loop(), killer_pair.ours, killer_ready);
        killer->want_readable();
        socket_->want_readable();
    });
    Gate gate(thread_.loop());
    EXPECT_TRUE(killer_pair.theirs.send("x"));
    EXPECT_TRUE(peer_->send("x"));
    gate.open();
    thread_.settle();
    EXPECT_TRUE(second.theirs.send("x"));
    EXPECT_TRUE(eventually([&] { return truly == 1; }));
    thread_.on_loop([&] {
        killer.reset();
        successor.reset();
    });
}

TEST_F(SocketTest, runs_what_readable_sockets_deferred_after_all_of_them) {
    open();
    Pair pair = connected_pair();
    std::string order;
    struct Flush final : Task {
        void run() override { *order_ += 'f'; }
        std::string* order_ = nullptr;
    } flush;
    flush.order_ = &order;
    ready_.readable = [&] {
        order += 'r';
        thread_.loop().defer(flush);
    };
    std::optional<Socket> other;
    thread_.on_loop([&] {
        other.emplace(thread_.loop(), pair.ours, ready_);
        other->want_readable();
        socket_->want_readable();
    });
    Gate gate(thread_.loop());
    EXPECT_TRUE(peer_->send("x"));
    EXPECT_TRUE(pair.theirs.send("x"));
    gate.open();
    thread_.settle();
    thread_.on_loop([&] {
        EXPECT_EQ(order, "rrf");
        other.reset();
    });
}

TEST_F(SocketTest, is_non_blocking_without_delay_and_names_its_peer) {
    open();
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(peer_->fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    thread_.on_loop([&] {
        EXPECT_EQ(socket_->peer(), to_text(address));
        EXPECT_EQ(socket_->peer_host(), "127.0.0.1");
    });
    EXPECT_EQ(to_text(address).substr(0, 10), "127.0.0.1:");

    Pair pair = connected_pair();
    thread_.on_loop([&] {
        const Socket other(thread_.loop(), pair.ours, ready_);
        int on = 0;
        socklen_t on_size = sizeof on;
        EXPECT_EQ(::getsockopt(pair.ours, IPPROTO_TCP, TCP_NODELAY, &on, &on_size), 0);
        EXPECT_EQ(on, 1);
        EXPECT_NE(::fcntl(pair.ours, F_GETFL) & O_NONBLOCK, 0);
    });
    EXPECT_TRUE(pair.theirs.sees_end());
}

TEST_F(SocketTest, says_how_a_connect_ended) {
    Peer listener(bind_listener("127.0.0.1", 0, true, 4).value());
    const Address to = resolve("127.0.0.1", bound_port(listener.fd())).value();
    const auto connect_to_it = [&] {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(fd, to.get(), to.size), -1);
        EXPECT_EQ(errno, EINPROGRESS);
        std::atomic<int> answer{-1};
        ready_.writable = [&] { answer = socket_->connect_error(); };
        thread_.on_loop([&] {
            socket_.emplace(thread_.loop(), fd, ready_);
            socket_->want_writable();
        });
        EXPECT_TRUE(eventually([&] { return answer != -1; }));
        return answer.load();
    };
    EXPECT_EQ(connect_to_it(), 0);
    listener.close();
    EXPECT_EQ(connect_to_it(), ECONNREFUSED);
}

// fs.epoll.max_user_watches is not a test's to lower; the same descriptor twice is refused as well.
TEST(Socket, ends_when_the_kernel_will_not_watch_it) {
    Pair pair = connected_pair();
    LoopThread thread(system_clock);
    CallReady watched;
    CallReady unwatched;
    std::optional<Socket> first;
    std::optional<Socket> second;
    std::atomic<bool> ended{false};
    unwatched.readable = [&] {
        char byte[1];
        EXPECT_EQ(second->receive(byte).state, Io::closed);
        ended = true;
    };
    thread.on_loop([&] {
        first.emplace(thread.loop(), pair.ours, watched);
        second.emplace(thread.loop(), pair.ours, unwatched);
        second->want_readable();
    });
    EXPECT_TRUE(eventually([&] { return ended.load(); }));
    thread.on_loop([&] {
        second.reset();
        first.reset();
    });
}

TEST(Socket, leaves_nothing_behind_when_loop_and_socket_end_with_waits_armed) {
    Pair pair = connected_pair();
    CallReady ready;
    ready.readable = [] { ADD_FAILURE() << "called after the end"; };
    LoopThread thread(system_clock);
    std::optional<Socket> socket;
    thread.on_loop([&] {
        socket.emplace(thread.loop(), pair.ours, ready);
        socket->want_readable();
    });
    thread.stop();
    socket.reset();  // the cancelled wait is destroyed, unrun, with the loop: ASan looks for what
                     // leaks
    EXPECT_TRUE(pair.theirs.sees_end());
}

}  // namespace
}  // namespace carillon::net
