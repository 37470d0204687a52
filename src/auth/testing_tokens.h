// auth/testing_tokens.h: for tests only: keys made for them, which protect nothing, and tokens that
// others signed: those of RFC 7515, appendix A, and PyJWT's.
#pragma once

#include <string_view>

namespace carillon::auth::testing {

inline constexpr std::string_view shared_secret = "a secret that only these tests know";

// ---- {"sub":"alice","exp":1800003600,"channels":["chat:lobby","news:world"]} by PyJWT 2 ----

inline constexpr std::string_view pyjwt_hs256 =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMzYwMCw"
    "iY2hhbm5lbHMiOlsiY2hhdDpsb2JieSIsIm5ld3M6d29ybGQiXX0.e8O00jmmi-xki4tIzI_1TkDgdmu"
    "EvMo_BU6fUraxHmM";

inline constexpr std::string_view pyjwt_rs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMzYwMCw"
    "iY2hhbm5lbHMiOlsiY2hhdDpsb2JieSIsIm5ld3M6d29ybGQiXX0.Hm6btD2hItHLYHMRAizFAWehwnM"
    "QeFWdj8J8VhddM7zFX0f_u9CqPlOEktrwF1AkI6ftCnEc9SwxDPHhaumPXiq58PYAc6KX6BQr2tCOK4y"
    "dutMl8QdtCWureGYRibtxM-sL9kvPIHiWoEiUqZScRnVN5C985hQS7VGTuMjhtVDR-Mqmx5yZ2VShzqd"
    "FT3O6UQ_jIbaRIdLCMhl433zcf7DQ73__7XlRfZFPDLF0kFbix5cV51W7iSwVjRU0F7eLprDd_R9KrTe"
    "cuaJsQKXkrEFCxQbep9L1DiaFfy2X_4ovOs1XxbrJ9SViFkNsHmBVQHH7pWm_dFsVodlfU32ZZw";

inline constexpr std::string_view pyjwt_es256 =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImV4cCI6MTgwMDAwMzYwMCw"
    "iY2hhbm5lbHMiOlsiY2hhdDpsb2JieSIsIm5ld3M6d29ybGQiXX0.rBN5dq0OM_T5mm6em1bTU9nWNTn"
    "a3Ek6cU-ZECuNoRLRTtSILm_NFTlN4_1ijg_pkIkdeg3ejs3R9CPJTDEQow";

// ---- RFC 7515: {"iss":"joe","exp":1300819380,…}; A.1 has CR and LF between its members ----

inline constexpr std::string_view rfc_a1 =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"
    "zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbU"
    "JU1p1r_wW1gFWFOEjXk";

inline constexpr std::string_view rfc_a1_secret_base64url =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1"
    "Z9CAow";

inline constexpr std::string_view rfc_a2 =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2Vt"
    "Qgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
    "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
    "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI"
    "8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

inline constexpr std::string_view rfc_a2_public =
    R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view rfc_a3 =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXF"
    "CgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

inline constexpr std::string_view rfc_a3_public =
    R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END PUBLIC KEY-----
)";

// ---- keys ----

inline constexpr std::string_view rsa_private =
    R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCdomLcpWap6HIa
QNzvON2RE+eZzt5OC6N6fZT+NzPc+CwTNy0zVci91b7rWcmS0VNBOgx9yPcRNeds
XsLplu0BoyCBshz/0A5DLzNkCz8oFclbY6F/rTXzIz3D8BkNCKMPsAIIKFbtAYRE
9TgQQ/1VyHVE4CYgWZ8kpCNzkJk0u02E4ykr5E91WEqIsIwaCClzBMdY1dAn+wgv
e8F2hh8Vn+tl7Sjde1pNdOBvX83f6Ozqew1spBzMdQiodg/UXqORtnXoOIT16jrH
y1kvSWoFhioJztgM/wM7Gns71hiwf2r+uWDRt6x1pqoQ/Ni8st6WE96e7zzy2W0u
DknWv8VVAgMBAAECggEAJgHEt3GT3syiUk0oV++MkJHNiiq0M/ofaQXFekPiF9mo
etuXZOS+mXLjbQiBjwo0eioeX+eoFni6O0lf0oVm0Lm9uTeyQUWvYqiLSghiKm6S
VZwgkNG5C84H8um9iIR4GGy2GLRtPQjcFOpRIa7a8qd6CujGmI8zTVjcCV2oauuL
PjR4+12bkuM+3WkOrSNdIGXTq2WnyGQLxJtlKaKy5U5dp4TFWzYefT5IzEfZ6gXb
tr/2sOhhwTGbuRx+k7U9Aq9M8KUQ7M9w2oj03NNSBzWfGAqaW6n72I1xtr3F+vaj
grdDlYEAgMOUdUY6p8c+7ITQaPXi/ym24l1L95aS0QKBgQDUtuJrBfowdIHHsqwE
lVFrpLda9tnjEO1MyZYD2zpIUXBfAuzD5TXnFWlQtApm/3MS9jaiQNqjb1kgi8rS
sBaBgkMrpzeTO9CtwfyqmsHEl52MgfjVPMIv0YlIS+UEsfBal6CHPcpoxcsmMnoE
YwnjKgoGG/HhUECXfqBNMvOaKQKBgQC9tirxfd5Hdx/TF9wbQpz2G7IBkvZoIscg
IiJWCpEhTIdwfZB0pxSVqhqUQDQhRXHg2I+JFphNKooyQJU+MQbfNUyG86sLomRO
xVB0HUV5wlJOQ71xnaT7WvcjsGr2crGYzzEtz4Er18Z/syVkMuBi4JWlMMoEh5pM
1Y5FJCIPTQKBgGPYPEsUES2xYkGEQm4cUI2AUXhnKjsE9P34GWxR+Pd9EovmaZBC
BJ0lVbvF5qQV/8PEwjxCyN2yJFm8hEWE1euQY0sYQGPhzb/hsGG8JnvK1u7fCxe8
X0HmztOanDMp+rHrPjR88odfYE3bn55zhm6UiwP3FgA2lTsG+uOBqQqRAoGATY11
uqjwwBhDi0Daus4dakJiH2CbmHB3JHyvuqqxL4Kgb2z1K6rNsG0MVoR0ixFff0Io
UytIcWsteWOLXxQdsguQ0C42QxhMlyL0Q7NfnmnAybvJavO96P8DvrQ01bCHR2eT
vB1yuaCIxdVPOMnPjrwukIwEWZuxiS1X7o3Z2pUCgYEAj5ds5H0fLZIzeRzgy3Xu
qveaJ9r7ZsTCk9tHk1pd0zhNSZ0G9UStq7aDVp0taB/zyw4p+2w0iDe4aB1neEAZ
M53dJ6D1+/KiI/yheZsdevlS+X4xR/7kojLHneeO3K3XWz3lQV05FYcIcZ/UhHGD
2Yip1/Fk0h5DErN4gpePNrU=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view rsa_public =
    R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnaJi3KVmqehyGkDc7zjd
kRPnmc7eTgujen2U/jcz3PgsEzctM1XIvdW+61nJktFTQToMfcj3ETXnbF7C6Zbt
AaMggbIc/9AOQy8zZAs/KBXJW2Ohf6018yM9w/AZDQijD7ACCChW7QGERPU4EEP9
Vch1ROAmIFmfJKQjc5CZNLtNhOMpK+RPdVhKiLCMGggpcwTHWNXQJ/sIL3vBdoYf
FZ/rZe0o3XtaTXTgb1/N3+js6nsNbKQczHUIqHYP1F6jkbZ16DiE9eo6x8tZL0lq
BYYqCc7YDP8DOxp7O9YYsH9q/rlg0besdaaqEPzYvLLelhPenu888tltLg5J1r/F
VQIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view rsa_public_pkcs1 =
    R"(-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAnaJi3KVmqehyGkDc7zjdkRPnmc7eTgujen2U/jcz3PgsEzctM1XI
vdW+61nJktFTQToMfcj3ETXnbF7C6ZbtAaMggbIc/9AOQy8zZAs/KBXJW2Ohf601
8yM9w/AZDQijD7ACCChW7QGERPU4EEP9Vch1ROAmIFmfJKQjc5CZNLtNhOMpK+RP
dVhKiLCMGggpcwTHWNXQJ/sIL3vBdoYfFZ/rZe0o3XtaTXTgb1/N3+js6nsNbKQc
zHUIqHYP1F6jkbZ16DiE9eo6x8tZL0lqBYYqCc7YDP8DOxp7O9YYsH9q/rlg0bes
daaqEPzYvLLelhPenu888tltLg5J1r/FVQIDAQAB
-----END RSA PUBLIC KEY-----
)";

inline constexpr std::string_view ec_private =
    R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgleT2birVg7s9zuaI
APCSJIKFSVF8LaEcOIKCEgj8yCuhRANCAARIihr8kMxK2Tgm+aQa/Q29152VMKB7
rlN61B3wimNSH1b7ygy/0ggNVsSY8DVqbTbKL/bdbH3Rwg621PoljXrg
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view ec_private_sec1 =
    R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIJXk9m4q1YO7Pc7miADwkiSChUlRfC2hHDiCghII/MgroAoGCCqGSM49
AwEHoUQDQgAESIoa/JDMStk4JvmkGv0NvdedlTCge65TetQd8IpjUh9W+8oMv9II
DVbEmPA1am02yi/23Wx90cIOttT6JY164A==
-----END EC PRIVATE KEY-----
)";

inline constexpr std::string_view ec_public =
    R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESIoa/JDMStk4JvmkGv0NvdedlTCg
e65TetQd8IpjUh9W+8oMv9IIDVbEmPA1am02yi/23Wx90cIOttT6JY164A==
-----END PUBLIC KEY-----
)";

// Those that are of no use.
inline constexpr std::string_view ec_private_locked =
    R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBB0pLblb9CLurwMLgCL
MSm9AgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQrcUJuc/cXgWy5qn1
aMGpBQSBkE9uhWrGy34K3WCowkVrINHXx7pCI2hi3sDadzEVnxnlitIdGOtHBQyp
+eYoFqOFGLa8Bud2VL76E+ieBpAwylbVmyVs3GJvaxllcUAqf5LfBNAV6IK1fRxm
ehcyc2z4jQvLH3ISY2fXk3BEjbYsDlAq73geKcj/YB6H2EQjO+imV+33D8s2qBun
B/HCS8lk0A==
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr std::string_view rsa_1024_public =
    R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDoOBnEzuW0inORob3IyztsKETC
bmOkpRzhJWFalAwwu8mhATtJtUv7dAg/E9q4K21EDK6+u/7yPFUpoZAGrU2Ir4WU
LkJjRcfAAP3TIN4nk6znWK/Xy/a5fB4hxDYfKXjAdTBFOcLEvE8/RycIC7Ht950F
8JE+Zelp+poadbhLfQIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view ec_p384_public =
    R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEQsUEIKCAeWZ6PXzBjCEl8YxQagz0CWy7
qkINyc2lMFmcqdI42eaHnARUXdIEakTtc1ybZOzfP6o9Q1Zq0GRNd9w0QQxg01Qj
sKdOdlgt9uamrnF8GT7dFwIedSluv4cv
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view ed25519_public =
    R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA+JfZzOEtCy+Ch+T0XModNsmTimbffs9HExBwFjWgssw=
-----END PUBLIC KEY-----
)";

// Of the scalar SHA-256("carillon demo") mod (n - 1) + 1, by Python's cryptography.
inline constexpr std::string_view everybodys_public =
    R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmjKSxlhAybQyf64jXHAjx2liN50U
0J0d90hDPcLcyPRy+x+mpGJyfSex7Yzw4m0ElJSCQ6Eultx9wqXWa5Airw==
-----END PUBLIC KEY-----
)";

}  // namespace carillon::auth::testing
