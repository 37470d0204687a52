# libcarillon.so: the rooms that a program may embed, as one library that shows what include/carillon shows and nothing
# else. Installed with its headers, for find_package(carillon) and for pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(embeddable library)
if(EXISTS ${PROJECT_SOURCE_DIR}/src/embedded)
    list(APPEND embeddable embedded)
endif()

# Whole, whoever calls what: their objects, not what of an archive the linker finds wanting.
add_library(libcarillon SHARED)
foreach(room ${embeddable})
    target_sources(libcarillon PRIVATE $<TARGET_OBJECTS:${room}>)
    target_link_libraries(libcarillon PRIVATE ${room})
endforeach()
add_library(carillon::carillon ALIAS libcarillon)
if(embedded IN_LIST embeddable)
    # Boost.JSON from its sources: as a shared library its names would be looked up in the program first, which may have
    # another release of it. (Debian's archive of it cannot be part of a shared library.)
    set(boost_json ${PROJECT_BINARY_DIR}/package/boost_json.cpp)
    file(CONFIGURE OUTPUT ${boost_json} CONTENT "#undef BOOST_JSON_DYN_LINK\n#include <boost/json/src.hpp>\n")
    target_sources(libcarillon PRIVATE ${boost_json})
endif()
# Before 1.0 each minor version may change what programs were compiled against.
set_target_properties(libcarillon PROPERTIES
    OUTPUT_NAME carillon
    EXPORT_NAME carillon
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/library.map)
target_compile_features(libcarillon PUBLIC cxx_std_20)
target_include_directories(libcarillon PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(libcarillon INTERFACE Threads::Threads)
# The archives it is made of, and what the standard library's templates became inside, stay inside.
target_link_options(libcarillon PRIVATE -Wl,--exclude-libs,ALL -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/library.map)
if(NOT CARILLON_SANITIZE)
    target_link_options(libcarillon PRIVATE -Wl,--no-undefined -Wl,--as-needed)
endif()

install(TARGETS libcarillon EXPORT carillonTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/carillon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET carillon)
    install(TARGETS carillon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/carillon)
install(EXPORT carillonTargets NAMESPACE carillon:: DESTINATION ${package})
configure_package_config_file(cmake/carillonConfig.cmake.in ${PROJECT_BINARY_DIR}/package/carillonConfig.cmake
    INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/carillonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/carillonConfig.cmake ${PROJECT_BINARY_DIR}/package/carillonConfigVersion.cmake
    DESTINATION ${package})
# Relative to the file itself, so that a tree that was moved, or installed with --prefix, still knows where it is.
file(RELATIVE_PATH prefix_from_pc ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/carillon.pc.in ${PROJECT_BINARY_DIR}/package/carillon.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/carillon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
