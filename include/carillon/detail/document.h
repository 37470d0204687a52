// carillon/detail/document.h: one body, read whole: a flat list of nodes, the same for JSON and
// MessagePack, which reading.h turns into a T.
//
//   document := node          node := scalar | array | object
//   array  := head(size) size * node             object := head(size) size * ( node node )
//
// A node is 16 bytes and stands directly behind the one before; a head knows how many nodes it
// spans, so that a member nobody wants is one step. Strings are views, into the body or into what
// the Document keeps. The room belongs to the thread and is used again for its next body; a
// Document made while another lives (a validate() that decodes) gets room of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "carillon/describe.h"
#include "carillon/result.h"

namespace carillon {

// What a body is written in. `text`: nothing in particular; see decode().
enum class Encoding : unsigned char { text, json, msgpack };

// How much one body may ask for. Beyond it: ErrorKind::too_large, before the memory is taken.
struct DecodeLimits {
    std::size_t depth_max = 32;                  // lists and objects in each other; at most 1000
    std::size_t bytes_max = 16UL * 1024 * 1024;  // of the body; at most 4 GiB - 1
    std::size_t items_max = 1'000'000;           // values and names of members together
};

}  // namespace carillon

namespace carillon::detail {

enum class Kind : unsigned char {
    null,
    boolean,
    integer,           // fits std::int64_t
    unsigned_integer,  // above it
    real,
    string,
    binary,
    extension,  // MessagePack's, which nothing here reads; `integer` is its type
    array,
    object,
};

struct Node {
    union {
        bool boolean;
        std::int64_t integer = 0;
        std::uint64_t unsigned_integer;
        double real;
        const char* bytes;
        std::uint64_t span;  // of an array or object: how many nodes it is, itself included
    };
    std::uint32_t size = 0;  // bytes of a string or binary, elements, members
    Kind kind = Kind::null;

    std::string_view view() const { return {bytes, size}; }
    const Node* first() const { return this + 1; }
    const Node* next() const { return this + (kind < Kind::array ? 1 : span); }
};

struct Scratch;

class CARILLON_API Document {
 public:
    // `body` is borrowed for as long as this lives. Text is read as JSON.
    Document(std::string_view body, Encoding encoding, const DecodeLimits& limits);
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;
    ~Document();

    const Node* root() const { return root_; }  // nullptr: see error()
    Error& error() { return error_; }

 private:
    Scratch* scratch_;
    const Node* root_ = nullptr;
    Error error_;
};

}  // namespace carillon::detail
