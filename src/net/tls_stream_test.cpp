#include "net/tls_stream.h"

#include <gmock/gmock.h>
#include <openssl/bio.h>
#include <sys/ioctl.h>

#include <atomic>
#include <numeric>
#include <optional>
#include <thread>

#include "net/socket.h"
#include "net/test_loop.h"
#include "net/test_tls.h"

namespace carillon::net {
namespace {

const base::SystemClock system_clock;

std::string numbered(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 + i / 256);
    return text;
}

// Between a TlsStream and its descriptor: lets so many bytes through and then says "later".
class Sluice {
 public:
    explicit Sluice(int fd) : fd_(fd) {}
    void allow(std::size_t bytes) { allowed_ = bytes; }
    // At each call that many, so that the next one waits.
    void allow_each(std::size_t bytes) { each_ = bytes; }

    BIO* make() {
        static const auto* const method = [] {
            auto* m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sluice");
            BIO_meth_set_write(m, write);
            BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) -> long {
                return command == BIO_CTRL_FLUSH ? 1 : 0;
            });
            return m;
        }();
        auto* bio = BIO_new(method);
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        return bio;
    }

 private:
    static int write(BIO* bio, const char* bytes, int size) {
        auto& self = *static_cast<Sluice*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const auto n = std::min(static_cast<std::size_t>(size), self.allowed_);
        self.allowed_ -= n;
        if (n == 0) {
            if (self.each_ != 0) self.allowed_ = self.each_;
            BIO_set_retry_write(bio);
            return -1;
        }
        return static_cast<int>(::send(self.fd_, bytes, n, MSG_NOSIGNAL));
    }

    int fd_;
    std::size_t allowed_ = SIZE_MAX;
    std::size_t each_ = 0;
};

// A stream on a loop, and a client at the other end, in the test's thread.
class Tls : public ::testing::Test {
 protected:
    ~Tls() override {
        thread_.on_loop([&] {
            descriptor_.reset();
            stream_.reset();
        });
    }

    void open(std::shared_ptr<const TlsContext> context = test_certificates()) {
        Pair pair = connected_pair();
        peer_.emplace(std::move(pair.theirs));
        fd_ = pair.ours;
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
        thread_.on_loop([&] {
            // Each needs the other; neither looks before both are there.
            auto* const place = reinterpret_cast<Descriptor*>(&descriptor_);
            stream_.emplace(std::move(context), ready_, *place);
            descriptor_.emplace(thread_.loop(), fd_, *stream_);
            ASSERT_EQ(place, &*descriptor_);
            listen();
        });
    }
    void open_anew(std::shared_ptr<const TlsContext> context = test_certificates()) {
        thread_.on_loop([&] {
            descriptor_.reset();
            stream_.reset();
            ended_.reset();
        });
        open(std::move(context));
    }
    int unread() {
        int bytes = 0;
        EXPECT_EQ(::ioctl(fd_, FIONREAD, &bytes), 0);
        return bytes;
    }
    void open_and_shake_hands(const TlsClient::Options& options = {}) {
        open();
        client_.emplace(*peer_, options);
        ASSERT_TRUE(client_->shake_hands());
        EXPECT_TRUE(eventually([&] { return shaken(); }));
    }

    // Everything that comes is kept; how it ended, too.
    void listen() {
        ready_.readable = [&] {
            std::array<char, 65536> bytes;
            const Io io = stream_->receive(bytes);
            if (io.state == Io::ok) heard_.append(bytes.data(), io.bytes);
            if (io.state == Io::closed || io.state == Io::failed) {
                ended_ = io;
                return;
            }
            stream_->want_readable();
        };
        stream_->want_readable();
    }
    bool shaken() {
        bool done = false;
        thread_.on_loop([&] { done = !stream_->handshaking(); });
        return done;
    }
    bool hears(std::string_view text) {
        return eventually([&] {
            bool heard = false;
            thread_.on_loop([&] { heard = heard_ == text; });
            return heard;
        });
    }
    Io end() {
        std::optional<Io> ended;
        EXPECT_TRUE(eventually([&] {
            thread_.on_loop([&] { ended = ended_; });
            return ended.has_value();
        }));
        return ended.value_or(Io{});
    }
    Io send(std::string_view bytes) {
        Io io;
        thread_.on_loop([&] { io = stream_->send(bytes); });
        return io;
    }
    std::size_t committed() {
        std::size_t bytes = 0;
        thread_.on_loop([&] { bytes = stream_->committed(); });
        return bytes;
    }
    void set_sluice(Sluice& sluice) {
        thread_.on_loop([&] { SSL_set0_wbio(stream_->native(), sluice.make()); });
    }

    LoopThread thread_{system_clock};
    CallReady ready_;
    int fd_ = -1;
    std::optional<Peer> peer_;
    std::optional<TlsClient> client_;
    std::string heard_;
    std::optional<Io> ended_;
    std::optional<TlsStream> stream_;
    std::optional<Descriptor> descriptor_;
};

class TlsVersions : public Tls, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(, TlsVersions, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_P(TlsVersions, carry_bytes_both_ways) {
    open_and_shake_hands({.version = GetParam()});
    EXPECT_TRUE(client_->send("hello"));
    EXPECT_TRUE(hears("hello"));
    EXPECT_EQ(send("over to you").bytes, 11U);
    EXPECT_EQ(client_->receive(11), "over to you");
    const auto large = numbered(100'000);
    EXPECT_EQ(send(large).bytes, large.size());
    EXPECT_EQ(client_->receive(large.size()), large);
}

TEST_P(TlsVersions, shake_hands_a_byte_at_a_time) {
    open();
    Sluice sluice(fd_);
    sluice.allow_each(1);
    set_sluice(sluice);
    // The client's bytes come singly as well.
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Peer ours(ends[0]);
    const Peer clients(ends[1]);
    client_.emplace(clients, TlsClient::Options{.version = GetParam()});
    std::thread there([&] {
        char byte = 0;
        while (::recv(ours.fd(), &byte, 1, 0) == 1) (void)peer_->send({&byte, 1});
    });
    std::thread back([&] {
        char byte = 0;
        while (::recv(peer_->fd(), &byte, 1, 0) == 1) (void)ours.send({&byte, 1});
    });
    EXPECT_TRUE(client_->shake_hands());
    EXPECT_TRUE(client_->send("hello"));
    EXPECT_TRUE(hears("hello"));
    ::shutdown(ours.fd(), SHUT_RDWR);
    ::shutdown(peer_->fd(), SHUT_RDWR);
    there.join();
    back.join();
}

// The heart of it: a record that the socket takes in two parts, divided at each of its bytes. The
// bytes are committed, and offered again from another address with more behind them.
TEST_P(TlsVersions, keep_a_record_together_wherever_the_socket_divides_it) {
    open_and_shake_hands({.version = GetParam()});
    Sluice sluice(fd_);
    set_sluice(sluice);
    for (const std::size_t size : {1, 300, 16'384}) {
        const auto step = size > 1000 ? 61 : 1;
        const auto text = numbered(size);
        for (std::size_t split = 0; split < size + 22; split += step) {
            sluice.allow(split);
            const auto io = send(text);
            if (io.state == Io::ok) {  // the record is no longer than that
                sluice.allow(SIZE_MAX);
                ASSERT_EQ(client_->receive(size), text);
                ASSERT_GT(split, size);
                break;
            }
            ASSERT_EQ(io.state, Io::again) << size << " at " << split;
            ASSERT_EQ(committed(), size);
            sluice.allow(SIZE_MAX);
            const auto more = text + "more";
            ASSERT_EQ(send(more).bytes, more.size());
            ASSERT_EQ(committed(), 0U);
            ASSERT_EQ(client_->receive(more.size()), more) << size << " at " << split;
        }
    }
}

TEST_P(TlsVersions, send_what_fits_and_commit_only_the_record_that_got_stuck) {
    open_and_shake_hands({.version = GetParam()});
    Sluice sluice(fd_);
    set_sluice(sluice);
    const auto text = numbered(50'000);  // four records
    for (std::size_t split = 0; split < 50'000 + 4 * 22; split += 1'013) {
        sluice.allow(split);
        std::size_t sent = 0;
        const auto io = send(text);
        sent += io.bytes;
        ASSERT_EQ(sent % 16'384, 0U);
        ASSERT_EQ(committed(), std::min<std::size_t>(16'384, text.size() - sent)) << split;
        sluice.allow(SIZE_MAX);
        ASSERT_EQ(send(std::string_view(text).substr(sent)).bytes, text.size() - sent);
        ASSERT_EQ(client_->receive(text.size()), text) << split;
    }
}

TEST_P(TlsVersions, say_goodbye_and_hear_it) {
    open_and_shake_hands({.version = GetParam()});
    thread_.on_loop([&] { stream_->finish_sending(); });
    EXPECT_TRUE(client_->sees_goodbye());
    SSL_shutdown(client_->native());
    EXPECT_EQ(end().state, Io::closed);
    EXPECT_EQ(ended_->error, 0);
}

TEST_P(TlsVersions, take_a_client_that_just_hangs_up_for_gone) {
    open_and_shake_hands({.version = GetParam()});
    EXPECT_TRUE(client_->send("bye"));
    ::shutdown(peer_->fd(), SHUT_WR);
    EXPECT_EQ(end().state, Io::closed);
    EXPECT_EQ(ended_->error, 0);
    EXPECT_EQ(heard_, "bye");
}

// Such as a token's verification that failed on this thread.
TEST_F(Tls, is_not_confused_by_what_others_left_in_openssls_queue_of_errors) {
    open_and_shake_hands();
    EXPECT_TRUE(client_->send("hello"));
    thread_.on_loop([&] {
        ERR_raise(ERR_LIB_USER, 1);
        std::array<char, 65536> bytes;
        (void)stream_->receive(bytes);
        ERR_raise(ERR_LIB_USER, 1);
        EXPECT_EQ(stream_->receive(bytes).state, Io::again);
        ERR_raise(ERR_LIB_USER, 1);
        EXPECT_EQ(stream_->send("over").bytes, 4U);
    });
    EXPECT_EQ(client_->receive(4), "over");
}

TEST_F(Tls, reads_while_its_own_record_is_stuck_and_answers_new_keys_afterwards) {
    open_and_shake_hands();
    Sluice sluice(fd_);
    set_sluice(sluice);
    sluice.allow(100);
    const auto text = numbered(1'000);
    ASSERT_EQ(send(text).state, Io::again);
    ASSERT_EQ(SSL_key_update(client_->native(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_TRUE(client_->send("with new keys"));  // and the request for ours before it
    EXPECT_TRUE(hears("with new keys"));
    sluice.allow(SIZE_MAX);
    EXPECT_EQ(send(text).bytes, text.size());
    EXPECT_EQ(send("and ours").bytes, 8U);
    EXPECT_EQ(client_->receive(1'008), text + "and ours");
}

// Each costs us more than the client: one per turn, then others are heard.
TEST_F(Tls, hears_one_change_of_keys_per_turn) {
    open_and_shake_hands();
    Gate gate(thread_.loop());
    for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(SSL_key_update(client_->native(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(client_->native()), 1);
    }
    ASSERT_TRUE(client_->send("at last"));
    int turns = 0;
    const auto listening = ready_.readable;
    std::atomic<bool> done{false};
    EXPECT_TRUE(thread_.loop().post([&] {
        ready_.readable = [&] {
            ++turns;
            listening();
            done = heard_ == "at last";
        };
    }));
    gate.open();
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    EXPECT_GE(turns, 20);
}

TEST_F(Tls, survives_writing_to_who_is_gone) {
    open_and_shake_hands();
    thread_.on_loop([&] { ready_.readable = [] {}; });  // nobody reads that it is gone
    peer_->reset();
    const auto text = numbered(16'384);
    EXPECT_TRUE(eventually([&] { return send(text).state == Io::closed; }));
    EXPECT_EQ(send(text).state, Io::closed);
}

// A record of one byte costs as much as one of a kilobyte.
TEST_F(Tls, hears_a_few_records_per_turn_however_small_they_are) {
    open_and_shake_hands();
    std::size_t most = 0;
    std::size_t heard = 0;
    std::atomic<bool> done{false};
    thread_.on_loop([&] {
        ready_.readable = [&] {
            std::array<char, 65536> bytes;
            const Io io = stream_->receive(bytes);
            most = std::max(most, io.bytes);
            heard += io.bytes;
            done = heard == 1'000;
            stream_->want_readable();
        };
    });
    Gate gate(thread_.loop());
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(client_->send("x"));
    gate.open();
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    EXPECT_LE(most, 16U);
}

TEST_F(Tls, hears_a_goodbye_that_came_with_the_last_words) {
    open_and_shake_hands();
    Gate gate(thread_.loop());
    EXPECT_TRUE(client_->send("last words"));
    SSL_shutdown(client_->native());  // and the connection stays
    gate.open();
    EXPECT_EQ(end().state, Io::closed);
    EXPECT_EQ(heard_, "last words");
}

TEST_F(Tls, breaks_off_at_what_is_damaged_behind_good_words) {
    open_and_shake_hands();
    Gate gate(thread_.loop());
    EXPECT_TRUE(client_->send("good words"));
    std::string damaged("\x17\x03\x03\x00\x20", 5);
    damaged.append(32, 'x');
    EXPECT_TRUE(peer_->send(damaged));
    gate.open();
    EXPECT_NE(end().state, Io::again);
    EXPECT_EQ(heard_, "good words");
    EXPECT_EQ(send("anything").state, Io::closed);
}

TEST_F(Tls, refuses_what_is_not_tls_and_breaks_off) {
    open();
    EXPECT_TRUE(peer_->send("\x16\x03\x01 this is no ClientHello, whatever it says of itself"));
    EXPECT_EQ(end().state, Io::failed);
    EXPECT_EQ(ended_->error, EPROTO);
    EXPECT_EQ(ERR_peek_error(), 0U);
    EXPECT_EQ(send("anything").state, Io::closed);
}

TEST_F(Tls, tells_who_speaks_plain_http_what_is_wrong) {
    open();
    EXPECT_TRUE(peer_->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(end().state, Io::failed);
    thread_.on_loop([&] { ::shutdown(fd_, SHUT_WR); });
    const auto answer = peer_->receive(1000);
    EXPECT_THAT(answer, ::testing::StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\nThis port speaks TLS: use https://\n"));
}

TEST_F(Tls, refuses_versions_of_old) {
    open();
    client_.emplace(*peer_, TlsClient::Options{.version = TLS1_1_VERSION});
    EXPECT_FALSE(client_->shake_hands());
    EXPECT_EQ(end().state, Io::failed);
}

TEST_F(Tls, makes_no_room_for_a_hello_that_claims_to_be_huge) {
    open();
    // A record of 100 bytes with a ClientHello of 17,000; then the same in single bytes.
    const std::string_view hello("\x16\x03\x01\x00\x64\x01\x00\x42\x68\x03\x03", 11);
    for (const char byte : hello) EXPECT_TRUE(peer_->send({&byte, 1}));
    EXPECT_EQ(end().state, Io::failed);
}

TEST_F(Tls, finds_the_length_of_a_hello_wherever_records_divide_it) {
    for (const bool huge : {false, true}) {
        open_anew();
        // Records of one byte: its type, and its length, which is 5,000 or 17,000.
        const std::string_view header(huge ? "\x01\x00\x42\x68" : "\x01\x00\x13\x88", 4);
        for (const char byte : header) {
            std::string record("\x16\x03\x01\x00\x01", 5);
            record.push_back(byte);
            EXPECT_TRUE(peer_->send(record));
        }
        EXPECT_TRUE(eventually([&] { return unread() == 0; }));
        thread_.settle();
        EXPECT_EQ(ended_.has_value(), huge);
    }
}

TEST_F(Tls, breaks_off_when_a_client_of_tls_1_2_begins_a_second_handshake) {
    open_and_shake_hands({.version = TLS1_2_VERSION});
    ASSERT_EQ(SSL_renegotiate(client_->native()), 1);
    EXPECT_NE(SSL_do_handshake(client_->native()), 1);
    EXPECT_NE(end().state, Io::again);
}

TEST_F(Tls, shows_the_certificate_of_the_name_that_was_asked_for) {
    const TestDirectory directory;
    const auto context = TlsContext::load({{make_certificate(directory, {.name = "one.example"}),
                                            make_certificate(directory, {.name = "two.example"})},
                                           {}})
                             .value();
    const std::pair<std::string, std::string> cases[] = {{"", "one.example"},
                                                         {"one.example", "one.example"},
                                                         {"two.example", "two.example"},
                                                         {"three.example", "one.example"}};
    for (const auto& [asked, shown] : cases) {
        open_anew(context);
        client_.emplace(*peer_, TlsClient::Options{.server_name = asked});
        ASSERT_TRUE(client_->shake_hands());
        EXPECT_EQ(client_->server(), shown) << asked;
    }
}

TEST_F(Tls, speaks_http_1_1_with_who_offers_several_things) {
    open_and_shake_hands({.application = "\x02h2\x08http/1.1"});
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client_->native(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST_F(Tls, is_the_same_behind_a_socket) {
    Pair pair = connected_pair();
    const TlsClient client(pair.theirs);
    std::optional<Socket> socket;
    std::string heard;
    std::atomic<bool> done{false};
    ready_.readable = [&] {
        std::array<char, 65536> bytes;
        const Io io = socket->receive(bytes);
        if (io.state == Io::ok) heard.append(bytes.data(), io.bytes);
        done = heard == "hello";
        socket->want_readable();
    };
    thread_.on_loop([&] {
        socket.emplace(thread_.loop(), pair.ours, ready_, test_certificates());
        EXPECT_TRUE(socket->has_tls());
        EXPECT_TRUE(socket->handshaking());
        socket->want_readable();
    });
    ASSERT_TRUE(client.shake_hands());
    ASSERT_TRUE(client.send("hello"));
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    thread_.on_loop([&] {
        EXPECT_FALSE(socket->handshaking());
        EXPECT_EQ(socket->send("over").bytes, 4U);
        EXPECT_EQ(socket->committed(), 0U);
        socket->finish_sending();
    });
    EXPECT_EQ(client.receive(4), "over");
    EXPECT_TRUE(client.sees_goodbye());
    thread_.on_loop([&] { socket.reset(); });
}

}  // namespace
}  // namespace carillon::net
