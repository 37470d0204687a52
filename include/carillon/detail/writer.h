// carillon/detail/writer.h: the one sink through which every T becomes a body, in JSON or in
// MessagePack; writing.h calls it. Values come in the order of the body: a list or object begins
// with how many there will be, each value of an object follows its name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carillon/detail/document.h"
#include "carillon/detail/path.h"

namespace carillon::detail {

struct Sheet;

class CARILLON_API Writer {
 public:
    // Encoding::text writes JSON. Lenient: what cannot be said is replaced, see Value::to_json.
    explicit Writer(Encoding encoding, bool lenient = false);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    // Those that say bool may fail: false, and the error names the path. A lenient begin_ that says
    // false has written null.
    void null();
    void boolean(bool value);
    void integer(std::int64_t value);
    void unsigned_integer(std::uint64_t value);
    bool real(const Path* path, double value);
    bool single(const Path* path, float value);  // a float, with no more digits than it has
    bool string(const Path* path, std::string_view text);
    bool binary(const Path* path, std::string_view bytes);
    bool begin_array(const Path* path, std::size_t size);
    void end_array();
    bool begin_object(const Path* path, std::size_t size);
    void end_object();
    void member(std::string_view name);                 // the name of a described one: plain ASCII
    bool key(const Path* path, std::string_view name);  // any

    std::string_view view() const;  // what was written, until this ends
    Error& error() { return error_; }
    bool lenient() const { return lenient_; }

 private:
    bool json_text(const Path* path, std::string_view text);
    bool deeper(const Path* path);
    bool countable(const Path* path, std::size_t size);
    void separate();

    Sheet* sheet_;  // the thread's, as Document's room is
    bool json_;
    bool lenient_;
    std::size_t depth_ = 0;
    Error error_;
};

}  // namespace carillon::detail
