// soak/stream.h: one TCP connection to the server, always read to its end: bytes that the kernel
// took from the server and nobody read would be delivered in its books and not in ours. For the
// same reason it never resets a connection.
#pragma once

#include <string>
#include <string_view>

#include "bench/poller.h"

namespace soak {

enum class Reading : std::uint8_t { all, single_bytes, nothing };

class Stream : public bench::Source {
 public:
    Stream(bench::Poller& poller, std::uint16_t port) : poller_(poller), port_(port) {}
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    bool is_closed() const { return fd_ < 0; }
    void on_ready(std::uint32_t events) final;

 protected:
    ~Stream();

    // `receive_buffer`: of the kernel, 0 for its own choice; a small one makes a slow reader slow
    // sooner.
    void connect(int receive_buffer);
    void send(std::string_view bytes);
    void finish_sending();
    void read(Reading how);
    Reading reading() const { return reading_; }

    virtual void on_connected() = 0;
    virtual std::string_view on_bytes(
        std::string_view bytes) = 0;  // returns what is still incomplete
    virtual void on_end(std::string_view incomplete, bool is_reset) = 0;

 private:
    void receive();
    void take_in(std::string_view fresh);
    void end(bool is_reset);

    bench::Poller& poller_;
    std::uint16_t port_;
    int fd_ = -1;
    bool is_connecting_ = false;
    Reading reading_ = Reading::all;
    std::string pending_;
};

}  // namespace soak
