# Builds applications for the microvisor. In a CMakeLists.txt:
#
#   cmake_minimum_required(VERSION 3.20)
#   include(path/to/sdk/microvisor.cmake)
#   project(name C ASM)
#   microvisor_application(name main.c ...)
#
# gives name.elf and name.bin. The same sources give the same bytes wherever they lie: no time, host or
# path goes into them.

if(NOT DEFINED CMAKE_TOOLCHAIN_FILE)
  set(CMAKE_TOOLCHAIN_FILE ${CMAKE_CURRENT_LIST_FILE} CACHE FILEPATH "")
endif()
set(MICROVISOR_SDK ${CMAKE_CURRENT_LIST_DIR})

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m33)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE MinSizeRel CACHE STRING "")
endif()
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")
set(CMAKE_CXX_FLAGS_MINSIZEREL "-Os -g")

function(microvisor_application name)
  set(cpu -mcpu=cortex-m33 -mthumb -mfloat-abi=soft)
  add_executable(${name}
    ${ARGN}
    ${MICROVISOR_SDK}/src/mv_log.c
    ${MICROVISOR_SDK}/src/mv_network.c
    ${MICROVISOR_SDK}/src/mv_syscalls.S
    ${MICROVISOR_SDK}/src/newlib.c
    ${MICROVISOR_SDK}/src/startup.c)
  set_target_properties(${name} PROPERTIES
    SUFFIX .elf
    LINK_DEPENDS ${MICROVISOR_SDK}/microvisor.ld)
  target_include_directories(${name} PRIVATE ${MICROVISOR_SDK}/include)
  target_compile_options(${name} PRIVATE
    ${cpu}
    -ffunction-sections -fdata-sections
    -ffile-prefix-map=${MICROVISOR_SDK}=sdk
    -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=${name}
    -ffile-prefix-map=${CMAKE_CURRENT_BINARY_DIR}=build
    $<$<COMPILE_LANGUAGE:C>:-std=c11>
    $<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra>)
  target_link_options(${name} PRIVATE
    ${cpu}
    --specs=nano.specs -nostartfiles
    -T${MICROVISOR_SDK}/microvisor.ld
    -Wl,--gc-sections -Wl,--build-id=none)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} -O binary --gap-fill 0xFF $<TARGET_FILE:${name}> ${name}.bin
    BYPRODUCTS ${name}.bin
    VERBATIM)
endfunction()
