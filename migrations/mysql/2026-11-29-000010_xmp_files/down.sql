DROP TABLE xmp_files;
