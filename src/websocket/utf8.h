// websocket/utf8.h: is this text UTF-8? Asked piece by piece, as a message arrives, and answered
// "no" at the first byte that no continuation could heal, so that a huge bad message fails before
// its end is here.
//
//   text  := *( 00–7f | C2–DF tail | E0 A0–BF tail | E1–EC 2tail | ED 80–9F tail | EE–EF 2tail
//             | F0 90–BF 2tail | F1–F3 3tail | F4 80–8F 2tail )          tail := 80–BF
//
// Our own and not simdutf or simdjson's: they judge a complete text. The state between two pieces
// is the point here.
#pragma once

#include <string_view>

namespace carillon::websocket {

class Utf8 {
 public:
    // False: the text is invalid, whatever follows. Do not feed it again.
    bool feed(std::string_view piece);
    // Whether the text may end here, i.e. not inside a character.
    bool complete() const { return tails_ == 0; }

 private:
    bool begin(unsigned char lead);

    unsigned char tails_ = 0;  // continuation bytes still due
    unsigned char low_ = 0;    // what the next of them may be
    unsigned char high_ = 0;
};

bool is_utf8(std::string_view text);

}  // namespace carillon::websocket
