# embed(admin console): the files of src/admin/console/ become part of the target `admin`, as the table that
# src/admin/console_files.h declares. The header is an ordinary one, so that everything but the linker, clang-tidy
# too, does without the generated file.
#
# Included, this defines the function; run with -P, it writes the file: IN (a folder), OUT (a .cpp).
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(embed_script ${CMAKE_CURRENT_LIST_FILE})

    function(embed target folder)
        set(in ${PROJECT_SOURCE_DIR}/src/${target}/${folder})
        set(out ${PROJECT_BINARY_DIR}/embedded/${target}_${folder}.cpp)
        file(GLOB files CONFIGURE_DEPENDS ${in}/*)
        add_custom_command(
            OUTPUT ${out}
            COMMAND ${CMAKE_COMMAND} -D IN=${in} -D OUT=${out} -P ${embed_script}
            DEPENDS ${files} ${embed_script}
            COMMENT "Embedding src/${target}/${folder}"
            VERBATIM)
        target_sources(${target} PRIVATE ${out})
    endfunction()
    return()
endif()

# Text on the web is UTF-8 and says so; a kind of file that is not named here stops the build.
function(content_type name variable)
    if(name MATCHES "\\.html$")
        set(type "text/html; charset=utf-8")
    elseif(name MATCHES "\\.css$")
        set(type "text/css; charset=utf-8")
    elseif(name MATCHES "\\.js$")
        set(type "text/javascript; charset=utf-8")
    elseif(name MATCHES "\\.svg$")
        set(type "image/svg+xml")
    else()
        message(FATAL_ERROR "${name}: embed.cmake knows no content type for it")
    endif()
    set(${variable} ${type} PARENT_SCOPE)
endfunction()

file(GLOB files ${IN}/*)
set(arrays "")
set(rows "")
set(number 0)
foreach(file ${files})
    cmake_path(GET file FILENAME name)
    content_type(${name} type)
    file(SHA256 ${file} hash)
    string(SUBSTRING ${hash} 0 32 hash)
    file(READ ${file} hex HEX)
    # One array per file and no string literals: those end at 65536 characters.
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND arrays "constexpr unsigned char bytes_${number}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${name}\", \"${type}\", text(bytes_${number}), \"\\\"${hash}\\\"\"},\n")
    math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT} "// Made by cmake/embed.cmake from ${IN}.
#include \"admin/console_files.h\"

namespace carillon::admin {
namespace {

${arrays}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
    return {reinterpret_cast<const char*>(bytes), size};
}

const ConsoleFile files[] = {
${rows}};

}  // namespace

std::span<const ConsoleFile> console_files() { return files; }

}  // namespace carillon::admin
")
