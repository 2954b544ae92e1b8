"""What REDIS_URL may say."""

import pytest

from core.store.addresses import Form, read_address


@pytest.mark.parametrize(
    "url", ["redis://", "redis://h", "rediss://me:p%2Fw@h:1/3", "unix:///tmp/s.sock?db=1"]
)
def test_one_server_is_given_to_redis_py_as_it_is(url: str) -> None:
    address = read_address(url)
    assert (address.form, address.url) == (Form.SINGLE, url)


def test_a_cluster_is_any_of_its_servers() -> None:
    address = read_address("redis+cluster://me:p%40w@h1,h2:7000,[::1]:7001?socket_keepalive=yes")
    assert (address.form, address.hosts) == (Form.CLUSTER, [("h1", 6379), ("h2", 7000), ("::1", 7001)])
    assert address.host_url("h9", 1) == "redis://me:p%40w@h9:1/0?socket_keepalive=yes"
    assert address.host_url("::1", 1) == "redis://me:p%40w@[::1]:1/0?socket_keepalive=yes"


def test_sentinels_and_the_servers_they_watch_have_users_of_their_own() -> None:
    address = read_address(
        "redis+sentinel://me:p%40w@h1,h2:7000/my%20service/3?sentinel_username=us&sentinel_password=s%2Fw&socket_keepalive=1"
    )
    assert (address.form, address.hosts) == (Form.SENTINEL, [("h1", 26379), ("h2", 7000)])
    assert (address.service, address.database) == ("my service", 3)
    assert address.host_url("h9", 1) == "redis://me:p%40w@h9:1/3?socket_keepalive=1"
    assert address.sentinel_url("h1", 2) == "redis://us:s%2Fw@h1:2/0?socket_keepalive=1"
    assert read_address("redis+sentinel://h1/drun").sentinel_url("h1", 2) == "redis://h1:2/0?"


@pytest.mark.parametrize("form", ["sentinel", "cluster"])
def test_tls_is_for_all_servers(form: str) -> None:
    address = read_address(f"rediss+{form}://h1{'/drun' if form == 'sentinel' else ''}?ssl_ca_certs=/ca.pem")
    assert address.host_url("h9", 1) == "rediss://h9:1/0?ssl_ca_certs=%2Fca.pem"
    assert address.sentinel_url("h9", 1) == "rediss://h9:1/0?ssl_ca_certs=%2Fca.pem"


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://h", "redis+clusters://h", "REDIS+CLUSTER//h"])
def test_another_beginning_is_told_all_that_there_are(url: str) -> None:
    with pytest.raises(ValueError, match=r"^must begin with redis://.*redis\+sentinel://.*redis\+cluster://"):
        read_address(url)


@pytest.mark.parametrize(
    ("url", "example"),
    [
        ("redis://me:s3cret/w@h", "redis://[user:password@]host:6379/0"),
        ("redis://h:port", "redis://[user:password@]host:6379/0"),
        ("redis://h?colour=red", "redis://[user:password@]host:6379/0"),
        ("redis+cluster://", "redis+cluster://[user:password@]host1:6379,host2:6379"),
        ("redis+cluster://h1,,h2", "redis+cluster://"),
        ("redis+cluster://h1:70000", "redis+cluster://"),
        ("redis+cluster://h1/1", "a Cluster has no /0"),
        ("redis+cluster://h1/drun", "redis+cluster://"),
        ("redis+cluster://me:s3cret/w@h1", "redis+cluster://"),
        ("redis+cluster://me:s3cret#w@h1", "redis+cluster://"),
        ("redis+cluster://me:s3cret?w@h1", "redis+cluster://"),
        ("redis+cluster://h1?colour=red", "redis+cluster://"),
        ("rediss+cluster://h1?ssl_cert_reqs=perhaps", "redis+cluster://"),
        ("redis+cluster://[::1", "redis+cluster://"),
        ("redis+sentinel://h1", "redis+sentinel://[user:password@]host1:26379,host2:26379/service/0"),
        ("redis+sentinel://h1/", "redis+sentinel://"),
        ("redis+sentinel://h1/drun/first", "redis+sentinel://"),
        ("redis+sentinel://h1/drun/0/1", "redis+sentinel://"),
        ("redis+sentinel://me:s3cret/w@h1/drun", "redis+sentinel://"),
        ("redis+sentinel://h1/drun?sentinel_colour=red", "redis+sentinel://"),
    ],
)
def test_what_cannot_be_read_is_told_the_right_form_and_never_told_itself(url: str, example: str) -> None:
    with pytest.raises(ValueError, match=r"^cannot be read; it looks like .*%40 %3A %2F %23 %3F$") as told:
        read_address(url)
    assert example in str(told.value)
    assert "s3cret" not in str(told.value)
    assert told.value.__cause__ is None
