// soak/client.h: one WebSocket client, one life after another. Counts every frame that the server's
// books call a delivery, and hands it to the Hearing it belongs to. Whatever it did not ask for
// ends the run.
//
//   idle ── connect ──> opening ── greeted ──> open ── Close, either way ──> closing ── end ─> idle
//                                               └───── half-close ───────────^
#pragma once

#include <map>

#include "bench/wire.h"
#include "soak/hearing.h"
#include "soak/stream.h"

namespace soak {

class Client final : public Stream {
 public:
    Client(bench::Poller& poller, std::uint16_t port, Ledger& ledger, std::size_t number);

    // ---- what it does ----
    void connect(Reading how, int receive_buffer);
    void subscribe(std::size_t channel);
    void unsubscribe(std::size_t channel);
    // All in one write, so that some of them share a batch on their way.
    void publish(std::size_t channel, std::span<const std::size_t> paddings);
    void ping();
    void stop_reading();
    void read_on();
    void leave();
    void leave_by_half_close();
    // Called when a publication is sent that must pass this client by.
    void exclude(std::size_t channel, std::uint64_t publisher, std::uint64_t sequence);

    // ---- what it is ----
    bool is_idle() const { return stage_ == Stage::idle; }
    bool is_open() const { return stage_ == Stage::open; }
    bool is_reading() const { return reading() != Reading::nothing; }
    bool is_quiet() const { return pings_ == pongs_; }  // all it said was answered
    bool is_settled() const;
    std::size_t lane() const { return lane_; }
    std::size_t user() const { return listener_.number % kUsers; }
    const std::string& socket_id() const { return socket_id_; }
    const std::map<std::size_t, Hearing>& hearings() const { return hearings_; }
    std::string describe() const;

    // At a reckoning, when nothing is on its way.
    void check_complete(const std::array<Members, kChannels>& members) const;
    void start_anew();

 private:
    enum class Stage : std::uint8_t { idle, opening, open, closing };

    void on_connected() override;
    std::string_view on_bytes(std::string_view bytes) override;
    void on_end(std::string_view incomplete, bool is_reset) override;

    bool take_head(std::string_view& bytes);
    void on_frame(const bench::Frame& frame);
    void on_text(std::string_view message);
    void on_reply(std::string_view event, std::string_view message);
    void on_greeting(std::string_view message);
    void on_joined(std::string_view message);
    void on_member(std::string_view message, bool added);
    void on_publication(std::string_view message);
    void on_pong();
    void on_close(std::string_view payload);
    Hearing& hearing_of(std::string_view message);
    void send_text(std::string_view message);

    const bench::App app_;
    Ledger& ledger_;
    Listener listener_;
    Voice voice_;
    std::map<std::size_t, Hearing> hearings_;
    std::string socket_id_;
    std::size_t lane_ = 0;
    std::uint64_t pings_ = 0;
    std::uint64_t pongs_ = 0;
    Stage stage_ = Stage::idle;
    Reading manner_ = Reading::all;
    bool is_upgraded_ = false;
    bool said_close_ = false;
    bool heard_close_ = false;
    bool half_closed_ = false;
    bool stood_long_ = false;  // the server may have given up waiting before it said its last words
    std::int64_t stopped_ns_ = 0;
    std::uint64_t events_unanswered_ = 0;  // and so not yet known to be accepted
};

}  // namespace soak
