// storage/file/survey.h: all segments of a journal, read by somebody who wants to know what is wrong with them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/file/footer.h"
#include "storage/file/inspect.h"
#include "storage/file/state.h"

namespace carillon::storage::file {

class Survey {
 public:
    Survey(std::string path, Io& io, bool thorough)
        : path_(std::move(path)), io_(io), thorough_(thorough) {}
    Result<void> run();

    // Of one segment, as far as it could be read.
    struct Found {
        SegmentHeader header;
        SegmentSummary summary;
        bool readable = false;  // its header is, or could be guessed
        bool damaged = false;
        std::map<std::uint32_t, Stretch> stretches{};
    };
    // From the oldest on, what of a channel is there; neighbours are joined.
    struct Stretched {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };

    Inspection inspection;
    std::map<std::uint64_t, Found> segments;
    std::map<std::uint32_t, std::vector<Stretched>> there;
    State state;  // after the newest segment
    bool newer_version = false;

 private:
    Result<void> look_at(std::uint64_t number, bool newest);
    bool read_header_of(Source& source, Found& found);
    Result<void> read_footer_of(Source& source, Found& found);
    Result<void> read_all(Source& source, Found& found, bool newest);
    Result<bool> read_once(Source& source, Found& found, bool sealed, std::uint64_t to, State& into,
                           bool note_problems);
    void add_runs(const Found& found);
    void look_for_holes();
    void sum_up();
    void problem(std::uint64_t number, std::uint64_t byte, std::string what);

    std::string path_;
    Io& io_;
    bool thorough_;
};

}  // namespace carillon::storage::file
