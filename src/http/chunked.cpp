#include "http/chunked.h"

#include <algorithm>

#include "http/storage.h"

namespace carillon::http {
namespace {

constexpr unsigned char size_digits_max = 16;

Error bad(const char* why) { return Error{ErrorKind::invalid, why, 400}; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

Result<bool> ChunkedBody::next(std::string_view& in, std::string& body) {
    while (!in.empty() && state_ != State::done) {
        if (state_ == State::data) {
            take_data(in, body);
        } else {
            TRY(step(in.front(), body.size()));
            in.remove_prefix(1);
        }
    }
    return state_ == State::done;
}

void ChunkedBody::take_data(std::string_view& in, std::string& body) {
    const auto piece = in.substr(0, std::min<std::uint64_t>(in.size(), chunk_left_));
    append_bounded(body, piece, body_bytes_max_);
    in.remove_prefix(piece.size());
    chunk_left_ -= piece.size();
    if (chunk_left_ == 0) state_ = State::data_cr;
}

Result<void> ChunkedBody::step(char c, std::size_t body_bytes) {
    switch (state_) {
        case State::size_first:
        case State::size:
            return on_size(c, body_bytes);
        case State::extension:
            return on_extension(c);
        case State::size_lf:
            return expect(c, '\n', chunk_left_ == 0 ? State::trailer_first : State::data);
        case State::data_cr:
            return expect(c, '\r', State::data_lf);
        case State::data_lf:
            return expect(c, '\n', State::size_first);
        case State::trailer_first:
        case State::trailer_name:
        case State::trailer_value:
            return on_trailer(c);
        case State::trailer_lf:
            return expect(c, '\n', State::trailer_first);
        case State::end_lf:
            return expect(c, '\n', State::done);
        case State::data:
        case State::done:
            break;
    }
    return bad("malformed chunk");
}

Result<void> ChunkedBody::on_size(char c, std::size_t body_bytes) {
    if (state_ == State::size_first) {
        chunk_left_ = 0;
        size_digits_ = 0;
        state_ = State::size;
    }
    if (const int digit = hex_digit(c); digit >= 0) {
        if (++size_digits_ > size_digits_max) return bad("a chunk size with too many digits");
        // Checked at every digit, so the number cannot run over.
        chunk_left_ = chunk_left_ * 16 + static_cast<std::uint64_t>(digit);
        if (chunk_left_ <= body_bytes_max_ - body_bytes) return {};
        return Error{ErrorKind::too_large,
                     "the body is over " + std::to_string(body_bytes_max_) + " bytes", 413};
    }
    if (size_digits_ == 0) return bad("malformed chunk size");
    if (c == ';') {
        state_ = State::extension;
        return {};
    }
    return expect(c, '\r', State::size_lf);
}

Result<void> ChunkedBody::on_extension(char c) {
    if (!is_text(c)) return expect(c, '\r', State::size_lf);
    if (extra_left_ == 0) return bad("chunk extensions are too long");
    --extra_left_;
    return {};
}

Result<void> ChunkedBody::on_trailer(char c) {
    if (state_ == State::trailer_first && c == '\r') {
        state_ = State::end_lf;
        return {};
    }
    if (state_ == State::trailer_value && !is_text(c)) return expect(c, '\r', State::trailer_lf);
    if (extra_left_ == 0) return Error{ErrorKind::too_large, "trailers are too long", 431};
    --extra_left_;
    if (state_ == State::trailer_value) return {};
    if (c == ':' && state_ == State::trailer_name) {
        state_ = State::trailer_value;
        return {};
    }
    if (!is_token_char(c)) return bad("malformed trailer");
    state_ = State::trailer_name;
    return {};
}

Result<void> ChunkedBody::expect(char c, char wanted, State next) {
    if (c != wanted) return bad("malformed chunk");
    state_ = next;
    return {};
}

}  // namespace carillon::http
