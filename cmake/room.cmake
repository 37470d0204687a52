# room(hub USES base): one folder under src/ becomes a library `hub`, a test program `hub_test` (linked to the room and
# its USES only, whole, so that an upward call fails to link) and, in the fuzz preset, one program per *_fuzz.cpp.
# *_bench.cpp files become programs of their own. `protocol/pusher` becomes the target protocol_pusher. LIBS names libraries from outside (Boost::json, simdjson::simdjson).
# tools/check_rooms reads these same lines.
add_custom_target(room_tests)

# What nearly every source includes, read once: a quarter of the time to compile one. Nothing of Boost's: what its headers
# say depends on the libraries a room links. It hides a missing include here, but not from the lint preset, nor from headers
# compiled alone.
set(common_headers <algorithm> <array> <atomic> <cstdint> <functional> <map> <memory> <mutex> <optional> <shared_mutex> <span>
    <string> <string_view> <unordered_map> <utility> <variant> <vector>)
add_custom_target(room_fuzzers)

function(room name)
    cmake_parse_arguments(ROOM "" "" "USES;LIBS;TEST_LIBS" ${ARGN})
    string(REPLACE "/" "_" target ${name})
    set(folder ${PROJECT_SOURCE_DIR}/src/${name})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    set(tests ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    set(fuzzers ${sources})
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|main)\\.cpp$")

    set(uses "")
    foreach(used ${ROOM_USES})
        string(REPLACE "/" "_" used_target ${used})
        list(APPEND uses ${used_target})
    endforeach()

    # A header whose source includes it first was compiled alone there, by lint, where nothing is precompiled.
    file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h)
    set(lonely_headers "")
    foreach(header ${headers})
        string(REGEX REPLACE "\\.h$" ".cpp" own_source ${header})
        if(NOT EXISTS ${own_source})
            list(APPEND lonely_headers ${header})
        endif()
    endforeach()
    if(sources)
        add_library(${target} STATIC ${sources})
        target_link_libraries(${target} PUBLIC carillon_flags ${uses} ${ROOM_LIBS})
        target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${lonely_headers})
        get_property(first GLOBAL PROPERTY CARILLON_FIRST_ROOM)
        if(first)
            target_precompile_headers(${target} REUSE_FROM ${first})
        else()
            set_property(GLOBAL PROPERTY CARILLON_FIRST_ROOM ${target})
            target_precompile_headers(${target} PRIVATE ${common_headers})
        endif()
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE carillon_flags ${uses} ${ROOM_LIBS})
        target_sources(${target} INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${lonely_headers})
    endif()

    if(tests AND CARILLON_TESTS)
        add_executable(${target}_test ${tests})
        if(sources)
            target_link_libraries(${target}_test PRIVATE -Wl,--whole-archive ${target} -Wl,--no-whole-archive)
        endif()
        target_link_libraries(${target}_test PRIVATE ${target} ${ROOM_TEST_LIBS} GTest::gmock GTest::gtest_main)
        # What is tested is optimised, the tests are not: at -O1 under two sanitizers a test compiles twice as long. Under the
        # third it runs too slowly without.
        if(NOT CARILLON_SANITIZE STREQUAL "thread")
            target_compile_options(${target}_test PRIVATE -O0)
        endif()
        # The first test program compiles the header everyone shares; twelve copies would cost a minute per preset.
        get_property(first GLOBAL PROPERTY CARILLON_FIRST_TEST)
        if(first)
            target_precompile_headers(${target}_test REUSE_FROM ${first})
        else()
            set_property(GLOBAL PROPERTY CARILLON_FIRST_TEST ${target}_test)
            target_precompile_headers(${target}_test PRIVATE <gtest/gtest.h> <gmock/gmock.h> ${common_headers})
        endif()
        # One ctest case per TEST, `hub.Channel.keeps_order…`: a failure is named, and a hang ends alone.
        gtest_discover_tests(${target}_test TEST_PREFIX ${target}. DISCOVERY_MODE PRE_TEST PROPERTIES LABELS room TIMEOUT 120)
        add_dependencies(room_tests ${target}_test)
    endif()

    # What a room costs by itself: run by tools/bench/run.
    file(GLOB benches CONFIGURE_DEPENDS ${folder}/*_bench.cpp)
    if(CARILLON_TOOLS)
        foreach(bench ${benches})
            get_filename_component(bench_name ${bench} NAME_WE)
            add_executable(${bench_name} ${bench})
            target_link_libraries(${bench_name} PRIVATE ${target})
        endforeach()
    endif()

    if(CARILLON_FUZZ)
        foreach(fuzzer ${fuzzers})
            get_filename_component(fuzzer_name ${fuzzer} NAME_WE)
            add_executable(${target}_${fuzzer_name} ${fuzzer})
            target_link_libraries(${target}_${fuzzer_name} PRIVATE ${target} ${ROOM_TEST_LIBS})
            target_link_options(${target}_${fuzzer_name} PRIVATE -fsanitize=fuzzer)
            add_dependencies(room_fuzzers ${target}_${fuzzer_name})
        endforeach()
    endif()
endfunction()
