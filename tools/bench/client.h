// bench/client.h: one subscriber: connects, upgrades, joins its channels, then counts the frames it hears. In raw mode (against
// the floor) it only connects and counts. A surprise of any kind (an error, a close, a duplicate, a frame of another size) ends the run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/poller.h"
#include "bench/speech.h"
#include "bench/stream.h"
#include "bench/wire.h"

namespace bench {

struct Target {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    bool raw = false;
    bool tls = false;
    bool alone = false;  // each has channels of its own: their names end in its index
    Credentials credentials;
    std::vector<Speech> speeches{Speech::pusher};  // of the receivers, in turn
    std::vector<std::string> channels;  // everyone joins all; a delivery's size is the same in each
    std::string event;
};

// Who wants to know what a delivery says.
class Ear {
 public:
    virtual void on_delivery(std::string_view payload) = 0;

 protected:
    ~Ear() = default;
};

// What the clients of one crowd have done together.
struct Tally {
    std::size_t open = 0;
    std::size_t pongs = 0;
    SizeBySpeech frame_bytes{};  // of a delivery; 0 until the first one tells
    std::uint64_t round = 0;     // deliveries that each receiver should have heard by now
    std::size_t complete = 0;    // receivers that have
    std::uint64_t bytes = 0;     // read by open clients, whatever they were
    Ear* ear = nullptr;
};

// A non-blocking connect from 127.0.0.1, .2, …: 10,000 connections each, so that ephemeral ports never run out.
int connect_from(const Target& target, std::size_t index);

class Client final : public Source {
 public:
    Client(const Target& target, Speech speech, Tally& tally, Poller& poller)
        : target_(target), speech_(speech), tally_(tally), poller_(poller) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void connect(std::size_t index);
    void send(std::string_view bytes);  // all of it, at once
    std::size_t send_some(std::string_view bytes) { return stream_.send(bytes); }
    std::string channel(std::size_t number) const;
    void on_ready(std::uint32_t events) override;
    std::uint64_t heard() const { return heard_; }
    Speech speech() const { return speech_; }

 private:
    enum class Stage : std::uint8_t { connecting, securing, upgrading, greeting, joining, open };

    void finish_connecting();
    void shake_hands();
    void upgrade();
    void receive();
    std::string_view consume(std::string_view bytes);  // what is left is the beginning of something
    void on_frame(const Frame& frame);
    void on_text(const Frame& frame);
    void come_in();
    void join(std::string_view socket_id);
    void on_join_answer(std::string_view text);
    std::size_t& frame_bytes() { return tally_.frame_bytes[static_cast<std::size_t>(speech_)]; }
    void on_other_event(const Frame& frame);
    void count_delivery(std::string_view payload);
    void open();

    const Target& target_;
    const Speech speech_;
    Tally& tally_;
    Poller& poller_;
    std::string pending_;  // nearly always empty: frames arrive whole
    std::uint64_t heard_ = 0;
    Stream stream_;
    std::size_t index_ = 0;
    std::uint32_t joined_ = 0;  // channels
    Stage stage_ = Stage::connecting;
};

}  // namespace bench
