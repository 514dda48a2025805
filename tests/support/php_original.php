<?php
// The PHP original, small: its three tables, its people and their files, all made by PHP itself.
// php_original.php DSN USER PASSWORD PREFIX MEDIA; prints what it made as JSON.
[, $dsn, $user, $password, $prefix, $media] = $argv;
$db = new PDO($dsn, $user, $password, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$db->exec("CREATE TABLE {$prefix}users (
    id INT AUTO_INCREMENT PRIMARY KEY, firstname VARCHAR(100), lastname VARCHAR(100), username VARCHAR(100) UNIQUE,
    email VARCHAR(190) UNIQUE, password VARCHAR(255), contact_number VARCHAR(40), address TEXT,
    access_level ENUM('user','admin') DEFAULT 'user', status VARCHAR(20) DEFAULT 'pending', access_code VARCHAR(64),
    session_token VARCHAR(64), created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)");
$db->exec("CREATE TABLE {$prefix}session_tokens (
    id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, session_token VARCHAR(64), expiration DATETIME, status VARCHAR(10))");
$db->exec("CREATE TABLE {$prefix}user_directories (
    id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, directory_id VARCHAR(64), directory_name VARCHAR(255), date_added DATETIME,
    last_modified DATETIME, last_accessed DATETIME, directory_path VARCHAR(700), username VARCHAR(100))");

$made = ['files' => []];

function person(int $id, string $first, string $last, string $username, string $email, string $hash, array $more = []): string
{
    global $db, $prefix, $media;
    $row = ['id' => $id, 'firstname' => $first, 'lastname' => $last, 'username' => $username, 'email' => $email, 'password' => $hash,
        'created_at' => '2019-05-06 07:08:09'] + $more;
    $columns = implode(',', array_keys($row));
    $marks = implode(',', array_fill(0, count($row), '?'));
    $db->prepare("INSERT INTO {$prefix}users ($columns) VALUES ($marks)")->execute(array_values($row));
    $db->prepare("INSERT INTO {$prefix}session_tokens (user_id, session_token, expiration, status) VALUES (?,?,NOW() + INTERVAL 1 DAY,'active')")
        ->execute([$id, bin2hex(random_bytes(32))]);
    $folder = sprintf('%05d_%s_%s001', $id, strtoupper($first), strtoupper($last));
    foreach (['', 'Audios', 'Favorites', 'Photos', 'Recents', 'Trash', 'Uploads', 'Videos'] as $name) {
        mkdir("$media/$folder/$name", 0755, true);
        directory($id, $username, $folder, $name);
    }
    file_put_contents("$media/$folder/user_icon.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>');
    return $folder;
}

function directory(int $id, string $username, string $folder, string $path): void
{
    global $db, $prefix, $media;
    @mkdir("$media/$folder/$path", 0755, true);
    $db->prepare("INSERT INTO {$prefix}user_directories
        (user_id, directory_id, directory_name, date_added, last_modified, last_accessed, directory_path, username) VALUES (?,?,?,?,?,?,?,?)")
        ->execute([$id, uniqid('', true), basename($path) ?: $folder, '2019-05-06 07:08:09', '2020-01-02 03:04:05', '2021-01-02 03:04:05',
            "includes/MEDIA/$folder/$path", $username]);
}

function put(string $folder, string $path, string $bytes, string $modified = '2018-03-04 05:06:07'): void
{
    global $media, $made;
    file_put_contents("$media/$folder/$path", $bytes);
    touch("$media/$folder/$path", strtotime("$modified UTC"));
    $made['files'][] = ['folder' => $folder, 'sha256' => hash('sha256', $bytes), 'size' => strlen($bytes)];
}

function picture(string $mark): string
{
    return "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" . $mark;
}

$john = person(27, 'John', 'Doe', 'john', 'john@example.org', password_hash('correct horse john', PASSWORD_BCRYPT),
    ['access_level' => 'admin', 'status' => 'active', 'contact_number' => '+44 1', 'address' => '1 High Street']);
directory(27, 'john', $john, 'Photos/Trip');
directory(27, 'john', $john, 'Club');
directory(27, 'john', $john, 'Nothing in it');
put($john, 'Photos/a.png', picture('a'));
put($john, 'Photos/Trip/b.png', picture('b'));
put($john, 'Photos/Trip/a again.png', picture('a'));
put($john, 'Favorites/a.png', picture('a'));
put($john, 'Recents/b.png', picture('b'));
put($john, 'Trash/old.png', picture('old'));
put($john, 'Uploads/notes.txt', "notes\n", '1969-01-01 00:00:00');
put($john, 'Uploads/empty.txt', '');
put($john, 'Club/minutes.txt', "minutes\n");
put($john, "Club/caf\xe9.txt", "a name of another age\n");
put($john, 'top.txt', "at the top\n");
symlink('/etc/passwd', "$media/$john/Photos/link.png");
$ada = person(28, 'Ada', 'Lovelace', 'Ada', 'Ada@example.org', password_hash('correct horse ada', PASSWORD_ARGON2ID), ['status' => 'active']);
for ($number = 0; $number < 40; $number++) {
    put($ada, "Photos/$number.png", picture("ada $number"));
}
put($ada, 'Videos/big.mp4', "\0\0\0\x18ftypmp42" . str_repeat('film', 700000));
person(29, 'Sus', 'Pended', 'sus', 'sus@example.org', password_hash('correct horse sus', PASSWORD_ARGON2I), ['status' => 'suspended']);
person(30, 'Wait', 'Ing', 'wait', 'wait@example.org', password_hash('correct horse wait', PASSWORD_BCRYPT));
person(31, 'Re', 'Jected', 're', 're@example.org', password_hash('correct horse re', PASSWORD_BCRYPT), ['status' => 'rejected']);
person(32, 'Old', 'Hash', 'old hash!', 'old@example.org', md5('correct horse old'), ['status' => 'active']);
$bad = person(33, 'No', 'Address', 'noaddress', 'nowhere', password_hash('correct horse no', PASSWORD_BCRYPT), ['status' => 'active']);
put($bad, 'Uploads/left.txt', "left behind\n");
mkdir("$media/00099_NO_BODY001/Photos", 0755, true);
echo json_encode($made);
